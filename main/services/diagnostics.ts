import os from 'node:os'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { DeskOutput, WitnessState } from '../../shared/contract/index.ts'
import { toAppError } from './failure.ts'
import type { CardPort, DeskStore, Remote } from './ports.ts'

type HealthCheck = DeskOutput<'diagnostics.checks'>[number]
const SKEW_WARNING_MS = 10_000
const LOG_TAIL_BYTES = 60_000
const REPORT_MAX = 190_000

export interface DiagnosticsParts {
  cards: CardPort
  remote: Remote
  store: DeskStore
  witness: { state(): WitnessState }
  about: Readonly<Record<string, string>>
  logFile: string | null
}

/** What works here and what does not, and a report to send to who can mend it. No secret is read for either. */
export class DiagnosticsService {
  readonly #parts: DiagnosticsParts
  constructor(parts: DiagnosticsParts) {
    this.#parts = parts
  }

  async checks(): Promise<HealthCheck[]> {
    const { cards, remote, store, witness } = this.#parts
    return Promise.all([
      check('server', async () => {
        const { name, version, keys } = await remote.call('ping', {}, { timeoutMs: 4_000 })
        return [keys === 'software' ? 'warning' : 'ok', `${name} ${version}, ${keys} keys`]
      }),
      check('clock', async () => {
        const skewMs = Math.abs(remote.nowMs() - Date.now())
        return [skewMs > SKEW_WARNING_MS ? 'warning' : 'ok', `${Math.round(skewMs)} ms from the server`]
      }),
      check('card-service', async () => {
        const state = cards.state()
        return [state === 'running' ? 'ok' : state === 'restarting' ? 'warning' : 'failed', state]
      }),
      check('readers', async () => {
        const readers = await cards.readers()
        return [readers.length === 0 ? 'warning' : 'ok', `${readers.length}`]
      }),
      check('key-paths', async () => ['ok', (await cards.keyPaths()).join(', ')]),
      check('store', async () => [
        store.recovered ? 'warning' : 'ok',
        store.recovered ? 'begun anew' : `${store.waiting()} waiting`,
      ]),
      check('witness', async () => judge(witness.state())),
    ])
  }

  async report(): Promise<DeskOutput<'diagnostics.report'>> {
    const checks = await this.checks()
    // Why there are none to be had is one of the checks.
    const readers = await this.#parts.cards.readers().catch(() => [])
    const time = new Date().toISOString()
    const text = [
      `Countersign desk report, ${time}`,
      '',
      ...Object.entries(this.#parts.about).map(([name, value]) => `${name}: ${value}`),
      `system: ${os.type()} ${os.release()} ${os.arch()}, ${os.cpus().length} cores, ${Math.round(os.totalmem() / 1e6)} MB`,
      `node: ${process.version}`,
      '',
      ...checks.map(({ name, state, detail, ms }) => `${state.padEnd(8)} ${name}: ${detail ?? ''} (${ms} ms)`),
      '',
      ...readers.map(
        ({ name, state, atr, card }) => `reader ${name}: ${state}, ATR ${atr ?? '-'}, ${card?.kind ?? 'no card'}`,
      ),
      '',
      'Last events:',
      this.#parts.logFile === null ? '' : tail(this.#parts.logFile),
    ].join('\n')
    return {
      fileName: `countersign-desk-${time.slice(0, 19).replace(/[:T]/g, '-')}.txt`,
      text: text.slice(0, REPORT_MAX),
    }
  }
}

/** How this desk stands as a witness of the audit. */
function judge({ chains, contradictions, losses, failure, keyRefused }: WitnessState): [HealthCheck['state'], string] {
  const [found] = contradictions
  if (found !== undefined) return ['failed', `${found.kind}: ${found.chain}, ${found.id}`]
  const seen = chains.map(({ chain, size }) => `${chain} ${size}`).join(', ') || 'nothing seen yet'
  const doubts = [
    failure,
    keyRefused ? 'signatures refused: the server knows this station by another witness key' : null,
    ...chains.map(({ chain, unproved }) =>
      unproved === null
        ? null
        : `no proof${unproved.why === 'removed' ? ' since cleaning' : ''}: ${chain}, ${unproved.id}`,
    ),
    ...losses.map(({ chain, why }) => `memory lost, ${why}${chain === null ? '' : `: ${chain}`}`),
  ].filter((doubt) => doubt !== null)
  return [doubts.length > 0 ? 'warning' : 'ok', [seen, ...doubts].join('; ')]
}

async function check(name: string, run: () => Promise<[HealthCheck['state'], string]>): Promise<HealthCheck> {
  const started = performance.now()
  const [state, detail] = await run().catch((error: unknown): [HealthCheck['state'], string] => [
    'failed',
    toAppError(error).code,
  ])
  return { name, state, detail: detail.slice(0, 300), ms: Math.round(performance.now() - started) }
}

function tail(file: string): string {
  let handle: number
  try {
    handle = openSync(file, 'r')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? '(no log yet)' : `(log cannot be read: ${code})`
  }
  try {
    const { size } = fstatSync(handle)
    const bytes = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES))
    readSync(handle, bytes, 0, bytes.length, size - bytes.length)
    return bytes.toString('utf8')
  } finally {
    closeSync(handle)
  }
}
