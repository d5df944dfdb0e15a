import { sql } from 'kysely'
import type { HealthView } from '../../shared/contract/index.ts'
import { AppError } from '../../shared/contract/index.ts'
import type { AuditSequencer } from '../audit/index.ts'
import type { CaGateway } from '../ca/gateway.ts'
import type { Databases } from '../db/index.ts'
import type { KeyStore } from '../hsm/signer.ts'
import type { Load } from './load.ts'

export interface HealthDeps {
  readonly version: string
  readonly startedAt: number
  readonly databases: Databases
  readonly sequencer: AuditSequencer
  readonly keys: KeyStore
  readonly ca: CaGateway
  readonly load: Load
  readonly tlsNotAfter: number
  /** Checks of what others own, by name. */
  readonly more?: Readonly<Record<string, () => Promise<Finding>>>
}
type Check = HealthView['checks'][number]
type Finding = Pick<Check, 'state' | 'detail'>

const OK: Finding = { state: 'ok', detail: null }
const DAY_MS = 86_400_000
const worst = (checks: readonly Check[]): HealthView['state'] =>
  (['failed', 'warning'] as const).find((state) => checks.some((check) => check.state === state)) ?? 'ok'

/** What works and what does not, each check timed, none able to throw. */
export class Health {
  readonly #deps: HealthDeps

  constructor(deps: HealthDeps) {
    this.#deps = deps
  }

  async read(): Promise<HealthView> {
    const { version, startedAt, keys, load } = this.#deps
    const time = Date.now()
    const checks = await Promise.all([
      this.#check('operational-database', async () => {
        await sql`select 1`.execute(this.#deps.databases.operational.db)
        return OK
      }),
      this.#check('audit-database', async () => {
        await sql`select 1`.execute(this.#deps.databases.audit.db)
        return OK
      }),
      this.#check('audit-chain', () => Promise.resolve(this.#chain())),
      this.#check('key-store', () => this.#keyStore()),
      this.#check('revocation-lists', () => this.#crls(time)),
      this.#check('tls-certificate', () => Promise.resolve(this.#tls(time))),
      ...Object.entries(this.#deps.more ?? {}).map(([name, body]) => this.#check(name, body)),
    ])
    const { chain, head, state, waiting } = this.#deps.sequencer.state()
    return {
      state: worst(checks),
      version,
      node: chain,
      startedAt,
      time,
      keys: keys.kind,
      chain: { name: chain, sequence: head, state, waiting },
      checks,
      load: load.read(time),
    }
  }

  /** Ready to take work: changes can be written. */
  isReady(): boolean {
    return this.#chain().state === 'ok'
  }

  #chain(): Finding {
    const { reason } = this.#deps.sequencer.state()
    try {
      this.#deps.sequencer.assertWritable()
      return OK
    } catch (error) {
      return { state: 'failed', detail: reason ?? (error instanceof AppError ? error.code : 'INTERNAL') }
    }
  }

  async #keyStore(): Promise<Finding> {
    const health = await this.#deps.keys.check()
    if (!health.ok) return { state: 'failed', detail: health.code }
    if (this.#deps.keys.kind === 'software') return { state: 'warning', detail: 'software keys, not for production' }
    return { state: 'ok', detail: this.#deps.keys.description.slice(0, 300) }
  }

  async #crls(now: number): Promise<Finding> {
    const lists = await this.#deps.ca.crls()
    const next = Math.min(...lists.map((crl) => crl.nextUpdate.getTime()))
    if (next < now) return { state: 'failed', detail: 'a revocation list has run out' }
    return { state: 'ok', detail: `next update ${new Date(next).toISOString()}` }
  }

  #tls(now: number): Finding {
    const left = Math.floor((this.#deps.tlsNotAfter - now) / DAY_MS)
    if (left < 0) return { state: 'failed', detail: 'expired' }
    return { state: left < 14 ? 'warning' : 'ok', detail: `${left} days left` }
  }

  async #check(name: string, body: () => Promise<Finding>): Promise<Check> {
    const from = performance.now()
    const found = await body().catch((error: unknown): Finding => ({
      state: 'failed',
      detail: error instanceof AppError ? error.code : 'INTERNAL',
    }))
    return { name, ...found, ms: Math.round((performance.now() - from) * 100) / 100 }
  }
}
