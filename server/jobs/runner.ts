import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../shared/contract/errors.ts'
import type { JobKind } from '../../shared/contract/routes/jobs.ts'
import type { Opened } from '../db/open.ts'
import { claimJob, forgetDoneJobs, renewLease, settleJob } from '../db/repositories/jobs.ts'
import type { Held, JobRow, RunEnd, Settled } from '../db/repositories/jobs.ts'
import type { OperationalDb } from '../db/schema.ts'
import type { Log } from '../log/log.ts'
import type { JobHandlers, RunningJob } from './job.ts'
import type { OwnChanges } from './own-changes.ts'

export interface RunnerOptions {
  readonly operational: Opened<OperationalDb>
  readonly own: OwnChanges
  readonly handlers: JobHandlers
  readonly node: string
  readonly log: Log
  /** Told once a job was given up, after that is durable. */
  readonly onDead: (job: { readonly id: string; readonly kind: JobKind; readonly error: string }) => Promise<void>
  /** Before each look for work: the schedules. */
  readonly onPoll?: () => Promise<void>
  readonly pollMs?: number
  /** How long a job of a process that died stays untouched. */
  readonly leaseMs?: number
  readonly concurrency?: number
}

const POLL_MS = 1000
const LEASE_MS = 60_000
const CONCURRENCY = 4
const DONE_KEPT_MS = 30 * 86_400_000
const FORGET_EVERY_MS = 3_600_000

const failureOf = (error: unknown): { readonly code: string; readonly retry: boolean } =>
  error instanceof AppError ? { code: error.code, retry: error.retry } : { code: 'INTERNAL', retry: true }

/**
 * Runs jobs of the database, some at a time. A job is held by a lease that is renewed while it runs; a killed process's
 * lease runs out and the job is taken again, here or by another node, with one more attempt.
 *
 * Order of writes, and what is true if the process dies after each:
 * 1. the claim: job running, run recorded; the lease runs out, the run is told as lost, the job is taken again
 * 2. what the handler does: done again by the next run, which must change nothing
 * 3. the end: state, run and audit intent in one commit; done
 */
export class JobRunner {
  readonly #options: RunnerOptions
  /** Of this process: two on one node must not take each other's lease for their own. */
  readonly #owner = randomUUID()
  readonly #closing = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #wake: () => void = () => undefined
  #loop: Promise<void> | null = null
  #forgottenAt = 0

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  start(): void {
    this.#loop ??= this.#poll()
  }

  /** Looks for work now. Safe to call from anywhere, also inside a transaction: the loop has its own context. */
  wake(): void {
    this.#wake()
  }

  /** Asks what runs to stop, gives unfinished jobs back, and waits for it. The databases must still be open. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#wake()
    await this.#loop
    await Promise.all(this.#running)
  }

  async #poll(): Promise<void> {
    const { log, onPoll } = this.#options
    while (!this.#closing.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      try {
        await onPoll?.()
        while (await this.#startOne());
        await this.#forgetOld()
      } catch (error) {
        log.error({ cause: error instanceof Error ? error.stack : String(error) }, 'jobs cannot be read')
      }
      const timer = new AbortController()
      const waited = sleep(this.#options.pollMs ?? POLL_MS, undefined, { signal: timer.signal, ref: false })
      // Only its own timer can end it early.
      await Promise.race([woken, waited.catch(() => undefined)])
      timer.abort()
    }
  }

  async #startOne(): Promise<boolean> {
    const { handlers, node, own, operational, concurrency = CONCURRENCY } = this.#options
    if (this.#closing.signal.aborted || this.#running.size >= concurrency) return false
    const kinds = Object.keys(handlers) as JobKind[]
    const exclusive = kinds.filter((kind) => handlers[kind].isExclusive)
    const { leaseMs = LEASE_MS } = this.#options
    const taken = await claimJob(operational, { kinds, exclusive, node, owner: this.#owner, now: own.now(), leaseMs })
    if (!taken) return false
    const run = this.#run(taken.job)
      .catch((error: unknown) => this.#logFailure(taken.job, error))
      .finally(() => {
        this.#running.delete(run)
        this.#wake()
      })
    this.#running.add(run)
    return true
  }

  #logFailure(job: JobRow, error: unknown): void {
    const cause = error instanceof Error ? error.stack : String(error)
    this.#options.log.error({ job: job.id, kind: job.kind, cause }, 'job could not be ended')
  }

  async #run(job: JobRow): Promise<void> {
    const kind = job.kind as JobKind
    const handler = this.#options.handlers[kind]
    const held: Held = { id: job.id, owner: this.#owner, attempt: job.attempts }
    // Its process died in each attempt: whatever it does, it is not tried for ever.
    if (job.attempts > job.max_attempts) return this.#end(job, held, { outcome: 'lost', error: 'JOB_LOST' }, 'dead')
    const lost = new AbortController()
    const signal = AbortSignal.any([this.#closing.signal, lost.signal])
    const renewal = setInterval(() => void this.#renew(held, lost), (this.#options.leaseMs ?? LEASE_MS) / 3)
    renewal.unref()
    try {
      await handler.run({
        id: job.id,
        kind,
        body: JSON.parse(job.body) as unknown,
        attempt: job.attempts,
        schedule: job.schedule,
        requestedBy: job.requested_by,
        signal,
      } satisfies RunningJob)
      await this.#end(job, held, { outcome: 'done', error: null }, 'done')
    } catch (error) {
      await this.#fail(job, held, error)
    } finally {
      clearInterval(renewal)
    }
  }

  async #renew(held: Held, lost: AbortController): Promise<void> {
    const { own, operational, leaseMs = LEASE_MS } = this.#options
    try {
      const isHeld = await renewLease(operational.db, held, own.now() + leaseMs)
      if (!isHeld) lost.abort()
    } catch {
      // The database is away: the lease may run out, and then the job is another's. The next renewal finds out.
      return
    }
  }

  async #fail(job: JobRow, held: Held, error: unknown): Promise<void> {
    const { code, retry } = failureOf(error)
    if (this.#closing.signal.aborted) return this.#end(job, held, { outcome: 'lost', error: code }, 'waiting')
    const { log } = this.#options
    const cause = error instanceof Error ? (error.cause ?? error) : error
    log.warn({ job: job.id, kind: job.kind, attempt: job.attempts, code, cause: String(cause) }, 'job failed')
    if (!retry) return this.#end(job, held, { outcome: 'refused', error: code }, 'dead')
    const isLast = job.attempts >= job.max_attempts
    return this.#end(job, held, { outcome: 'failed', error: code }, isLast ? 'dead' : 'waiting')
  }

  async #end(job: JobRow, held: Held, how: Omit<RunEnd, 'at'>, state: Settled['state']): Promise<void> {
    const { own, handlers, onDead } = this.#options
    const handler = handlers[job.kind as JobKind]
    const at = own.now()
    const wait = how.outcome === 'lost' ? 0 : handler.backoffMs(job.attempts)
    const body = state === 'done' && handler.keptBody !== undefined ? { body: JSON.stringify(handler.keptBody) } : {}
    const isOurs = await own.run(job.id, async (trx, tell) => {
      const dueAt = state === 'waiting' ? at + wait : job.due_at
      const settled = { state, dueAt, isCounted: how.outcome !== 'lost', ...body }
      if (!(await settleJob(trx, held, { at, ...how }, settled))) return false
      if (state === 'waiting') return true
      await tell({
        action: 'Modification',
        object: { type: 'job', id: job.id },
        before: { id: job.id, name: job.kind, state: 'running' },
        after: { id: job.id, name: job.kind, state, attempts: job.attempts, error: how.error },
      })
      return true
    })
    if (!isOurs || state !== 'dead') return
    const error = how.error ?? 'INTERNAL'
    const kind = job.kind as JobKind
    await handler.onDead?.({ id: job.id, kind, body: JSON.parse(job.body) as unknown }, error)
    await onDead({ id: job.id, kind, error })
  }

  async #forgetOld(): Promise<void> {
    const { own } = this.#options
    const now = own.now()
    if (now - this.#forgottenAt < FORGET_EVERY_MS) return
    this.#forgottenAt = now
    await own.run('jobs', (trx) => forgetDoneJobs(trx, own.tenant, now - DONE_KEPT_MS))
  }
}
