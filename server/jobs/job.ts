import type { Json } from '../../shared/audit/json.ts'
import type { JobKind, ScheduleName } from '../../shared/contract/routes/jobs.ts'

/** What a handler is given: the job's own words, and when to stop. */
export interface RunningJob {
  readonly id: string
  readonly kind: JobKind
  readonly body: unknown
  readonly attempt: number
  readonly schedule: string | null
  readonly requestedBy: string | null
  /** Aborted when the server closes or the lease was lost: end soon, at a point from which it can be done again. */
  readonly signal: AbortSignal
}

/**
 * One kind of work. `run` is called again after a failure, a lost lease or a killed process, so doing it twice must be
 * the same as doing it once. It throws AppError: one whose code may be retried is tried again after `backoffMs`, up to
 * `maxAttempts`; any other makes the job dead at once.
 */
export interface JobHandler {
  readonly maxAttempts: number
  /** One at a time on all nodes together. */
  readonly isExclusive: boolean
  /** Wait after the failed attempt, counted from 1. */
  backoffMs(attempt: number): number
  run(job: RunningJob): Promise<void>
  /** Called once when the job was given up, after that is durable. */
  onDead?(job: Pick<RunningJob, 'id' | 'kind' | 'body'>, error: string): Promise<void>
  /** The body that is kept once the job is done; left out: the same. For what must not be kept, as an address. */
  readonly keptBody?: Json
}

export type JobHandlers = Readonly<Record<JobKind, JobHandler>>

/** A job to be made. `uniqueKey`: made once however often it is asked for. `node`: only that node may run it. */
export interface JobOrder {
  readonly kind: JobKind
  readonly body: Json
  readonly dueAt?: number
  readonly uniqueKey?: string
  readonly node?: string
  readonly schedule?: ScheduleName
  readonly requestedBy?: string
}

/** Doubles from `firstMs` up to `mostMs`. */
export const doubling =
  (firstMs: number, mostMs: number) =>
  (attempt: number): number =>
    Math.min(mostMs, firstMs * 2 ** Math.min(attempt - 1, 30))
