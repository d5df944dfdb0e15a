import { z } from 'zod'
import { AppError } from '../shared/contract/errors.ts'
import type { AlarmKind } from '../shared/contract/routes/alarms.ts'
import type { Alarms } from './alarms/alarms.ts'
import type { ChainState } from './audit/ports.ts'
import type { VerificationJobs, VerificationRun } from './audit/verification-jobs.ts'
import { endIntentOf } from './audit/verification-run.ts'
import { doubling, type JobHandler } from './jobs/job.ts'
import type { OwnChanges } from './jobs/own-changes.ts'
import type { Log } from './log/log.ts'

const Body = z.looseObject({ mode: z.enum(['quick', 'full']), chain: z.string() })

/** A verification of one chain as a job, waited for; what it found is told by `ChainNews`. */
export const verificationHandler = (jobs: VerificationJobs, own: OwnChanges): JobHandler => ({
  maxAttempts: 10,
  isExclusive: true,
  backoffMs: doubling(60_000, 30 * 60_000),
  run: async ({ id: job, body, signal, requestedBy, schedule }) => {
    const { mode, chain } = Body.parse(body)
    const scheduled = schedule !== null && requestedBy === null
    const reserved = await jobs.reserve({ mode, requestedBy, chain, scheduled })
    const started = reserved.run
    try {
      await own.run(job, (_trx, tell) =>
        tell({
          action: 'Verification',
          object: { type: 'audit-verification', id: started.id },
          after: { id: started.id, name: `${chain} ${mode}`, chain, depth: mode },
        }),
      )
    } catch (error) {
      // A run that no entry tells of does not begin.
      await reserved.release()
      throw error
    }
    await reserved.begin()
    // What does not stop ends by itself, and is waited for below.
    const cancel = (): void => void jobs.cancel(started.id).catch(() => undefined)
    signal.addEventListener('abort', cancel)
    try {
      const run = await jobs.wait(started.id)
      // Failed is a finding, not a failure of the job: the alarm tells of it.
      if (run.state === 'error' || run.state === 'cancelled') throw new AppError('WORKER_CRASHED', { state: run.state })
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  },
})

/** What a chain says of itself, turned into entries and alarms. Nothing here rejects or is waited for. */
export class ChainNews {
  readonly #own: OwnChanges
  readonly #alarms: Alarms
  readonly #log: Log
  readonly #background = new Set<Promise<void>>()

  constructor({ own, alarms, log }: { readonly own: OwnChanges; readonly alarms: Alarms; readonly log: Log }) {
    this.#own = own
    this.#alarms = alarms
    this.#log = log
  }

  /** Told whenever the chain stops or runs. */
  chainState({ state, reason, chain }: Pick<ChainState, 'state' | 'reason' | 'chain'>): void {
    const kind: AlarmKind = 'chain-unwritable'
    this.#inBackground(
      state === 'running'
        ? this.#alarms.clear(kind, chain)
        : this.#alarms.raise({ kind, key: chain, severity: 'critical', detail: { reason } }),
    )
  }

  /** Told of every verification that ended. */
  verificationEnded(run: VerificationRun): void {
    const { id, chain, mode, state, verdict, resumed } = run
    const kind: AlarmKind = 'verification-failed'
    this.#inBackground(
      this.#tellEnd(run).catch((error: unknown) =>
        this.#log.error({ run: id, cause: String(error) }, 'no entry tells that a verification ended'),
      ),
    )
    // A quick pass proves less than a full one failed by, and one that went on from a place of before less than both.
    if (state === 'passed' && mode === 'full' && resumed === null) this.#inBackground(this.#alarms.clear(kind, chain))
    if (state !== 'failed' || !verdict || verdict.ok) return
    const detail = { run: id, mode, verdict: verdict.kind, sequence: verdict.sequence, what: verdict.what }
    this.#inBackground(this.#alarms.raise({ kind, key: chain, severity: 'critical', detail }))
  }

  /** What was told so far is kept. */
  async settled(): Promise<void> {
    await Promise.all(this.#background)
  }

  /** By its own intent: a run whose end the chain tells of is not gone on with, whatever its row says later. */
  async #tellEnd({ id, chain, mode, state, checked, resumed, verdict }: VerificationRun): Promise<void> {
    const fault = verdict && !verdict.ok ? { kind: verdict.kind, sequence: verdict.sequence, what: verdict.what } : null
    const about = { id, name: `${chain} ${mode}`, chain, depth: mode }
    const after = { ...about, state, checked, fault, resumed: resumed && { ...resumed } }
    const object = { type: 'audit-verification', id } as const
    await this.#own.runOnce(id, [{ intent: endIntentOf(id), action: 'Verification', object, after }])
  }

  #inBackground(work: Promise<void>): void {
    const tracked = work.finally(() => this.#background.delete(tracked))
    this.#background.add(tracked)
  }
}
