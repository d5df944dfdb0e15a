import { AppError } from '../../shared/contract/errors.ts'
import { stampedDigest } from '../../shared/audit/checkpoint-stamp.ts'
import type { Opened } from '../db/open.ts'
import { readLatestCheckpoint, readStampedCheckpoint, stampCheckpoint } from '../db/repositories/audit-checkpoints.ts'
import type { AuditDb } from '../db/schema.ts'
import { noAlarms } from './checkpoint-ports.ts'
import type { AlarmPort, LogPort } from './checkpoint-ports.ts'

/** Gives a time-stamp over a SHA-256 digest; structurally `TimestampClient`. */
export interface Stamper {
  readonly isConfigured: boolean
  stamp(digest: Uint8Array): Promise<{ readonly token: Uint8Array; readonly at: number; readonly url: string }>
}

export interface CheckpointTimestampsOptions {
  readonly audit: Opened<AuditDb>
  readonly chain: string
  readonly stamper: Stamper
  readonly log: LogPort
  readonly alarms?: AlarmPort
  readonly everyMs?: number
  readonly retryMs?: number
  /** Without a time-stamp for so long, while there was something to stamp, an alarm is raised. */
  readonly lateMs?: number
  readonly now?: () => number
}

const DAY_MS = 86_400_000
const RETRY_MS = 600_000

/** Once a day a time-stamp of the last checkpoint, so that no later key theft can put the past elsewhere in time. */
export class CheckpointTimestamps {
  readonly #options: CheckpointTimestampsOptions
  readonly #alarms: AlarmPort
  readonly #startedAt: number
  #triedAt = Number.NEGATIVE_INFINITY
  #work: Promise<void> | null = null
  #failure: string | null = null

  constructor(options: CheckpointTimestampsOptions) {
    this.#options = options
    this.#alarms = options.alarms ?? noAlarms
    this.#startedAt = this.#now()
  }

  /** Why there was no time-stamp the last time; null where there was, or none was asked for. */
  get failure(): string | null {
    return this.#failure
  }

  /** Call every minute or so; asks when one is due. Never rejects. */
  async tick(): Promise<void> {
    if (!this.#options.stamper.isConfigured) return
    const isTooSoon = this.#now() - this.#triedAt < (this.#options.retryMs ?? RETRY_MS)
    if (this.#work || (isTooSoon && this.#failure !== null)) return
    this.#work = this.#run()
      .catch((error: unknown) => this.#options.log.error({ cause: String(error) }, 'time-stamping failed'))
      .finally(() => (this.#work = null))
    await this.#work
  }

  async close(): Promise<void> {
    await this.#work
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }

  async #run(): Promise<void> {
    const { audit, chain, everyMs = DAY_MS } = this.#options
    const latest = await readLatestCheckpoint(audit.db, chain)
    const stamped = await readStampedCheckpoint(audit.db, chain)
    const lastAt = stamped?.stamp?.at ?? null
    if (!latest || latest.size === stamped?.size) return
    if (lastAt !== null && this.#now() - lastAt < everyMs) return
    this.#triedAt = this.#now()
    try {
      const { token, at } = await this.#options.stamper.stamp(stampedDigest(latest.note))
      await stampCheckpoint(audit.db, latest, { token, at })
      this.#failure = null
      this.#options.log.info({ chain, size: latest.size, at }, 'checkpoint time-stamped')
      await this.#alarms.clear('timestamp-late', chain)
    } catch (error) {
      await this.#failed(error, lastAt ?? this.#startedAt)
    }
  }

  async #failed(error: unknown, since: number): Promise<void> {
    const { chain, log, lateMs = 2 * DAY_MS } = this.#options
    const reason = error instanceof AppError ? String(error.detail['reason'] ?? error.code) : 'INTERNAL'
    if (this.#failure !== reason) log.error({ chain, reason, cause: String(error) }, 'no time-stamp')
    this.#failure = reason
    if (this.#now() - since < lateMs) return
    const detail = { chain, reason, hours: Math.floor((this.#now() - since) / 3_600_000) }
    await this.#alarms.raise({ kind: 'timestamp-late', key: chain, severity: 'warning', detail })
  }
}
