import { Worker } from 'node:worker_threads'
import type { Selectable } from 'kysely'
import { AppError } from '../../shared/contract/errors.ts'
import type { Verdict, VerificationMode } from '../../shared/audit/verdict.ts'
import { newId } from '../db/id.ts'
import type { Opened } from '../db/open.ts'
import { countEntries } from '../db/repositories/audit-list.ts'
import { endAbandonedRuns, endRun, insertRun, listRuns, readRun } from '../db/repositories/audit-runs.ts'
import type { AuditDb, VerificationRunTable } from '../db/schema.ts'
import type { VerificationMessage, VerificationTask } from './verification-worker.ts'

/** A run, going on or done. `verdict` is there once it passed or failed; `error` is a closed code. */
export interface VerificationRun {
  readonly id: string
  readonly chain: string
  readonly mode: VerificationMode
  readonly state: VerificationRunTable['state']
  readonly requestedBy: string | null
  readonly startedAt: number
  readonly endedAt: number | null
  readonly checked: number
  readonly total: number
  readonly verdict: Verdict | null
}

export interface VerificationJobsOptions {
  readonly audit: Opened<AuditDb>
  /** The node's chain, verified where no other is named. */
  readonly chain: string
  /** Keys of the key store this server trusts; ids as `keyIdOf` gives them. */
  readonly trustedKeyIds: () => readonly string[]
  readonly onEnd?: (run: VerificationRun) => void
  readonly now?: () => number
}

interface Current {
  run: VerificationRun
  readonly cancel: Int32Array
  readonly ended: Promise<VerificationRun>
}

type Ended = Exclude<VerificationMessage, { kind: 'progress' }>

const STATES = { cancelled: 'cancelled', error: 'error' } as const
const stateOf = (end: Ended): VerificationRun['state'] => {
  if (end.kind !== 'verdict') return STATES[end.kind]
  return end.verdict.ok ? 'passed' : 'failed'
}

/** Runs verifications in a worker thread, one at a time, and keeps what they found. */
export class VerificationJobs {
  readonly #options: VerificationJobsOptions
  #current: Current | null = null
  #isStarting = false

  constructor(options: VerificationJobsOptions) {
    this.#options = options
  }

  /** Ends what a process that died left behind; once, before the first `start`. */
  async recover(): Promise<void> {
    await endAbandonedRuns(this.#options.audit.db, this.#now())
  }

  /** Starts a run; durable as running when it returns. Throws AUDIT_VERIFICATION_RUNNING while one is going on. */
  async start(request: {
    readonly mode: VerificationMode
    readonly requestedBy: string | null
    readonly chain?: string
  }): Promise<VerificationRun> {
    if (this.#current || this.#isStarting) {
      throw new AppError('AUDIT_VERIFICATION_RUNNING', { id: this.#current?.run.id ?? null })
    }
    this.#isStarting = true
    try {
      return await this.#start(request.chain ?? this.#options.chain, request.mode, request.requestedBy)
    } finally {
      this.#isStarting = false
    }
  }

  /** Throws AUDIT_NOT_FOUND. */
  async get(id: string): Promise<VerificationRun> {
    if (this.#current?.run.id === id) return this.#current.run
    const row = await readRun(this.#options.audit.db, id)
    if (!row) throw new AppError('AUDIT_NOT_FOUND', { run: id })
    return this.#fromRow(row)
  }

  /** Newest first. */
  async list(limit = 50): Promise<readonly VerificationRun[]> {
    const rows = await listRuns(this.#options.audit.db, limit)
    return rows.map((row) => (row.id === this.#current?.run.id ? this.#current.run : this.#fromRow(row)))
  }

  /** Asks a run to end and waits until it did; a run that ended already is given as it is. */
  async cancel(id: string): Promise<VerificationRun> {
    const current = this.#current
    if (current?.run.id !== id) return this.get(id)
    Atomics.store(current.cancel, 0, 1)
    return current.ended
  }

  /** Resolves when the run has ended. */
  async wait(id: string): Promise<VerificationRun> {
    return this.#current?.run.id === id ? this.#current.ended : this.get(id)
  }

  /** Cancels what is running. */
  async close(): Promise<void> {
    if (this.#current) await this.cancel(this.#current.run.id)
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }

  async #start(chain: string, mode: VerificationMode, requestedBy: string | null): Promise<VerificationRun> {
    const { db, location } = this.#options.audit
    const startedAt = this.#now()
    const total = await countEntries(db, chain)
    const id = newId('verification', startedAt)
    const row = { id, chain, mode, state: 'running' as const, requested_by: requestedBy, started_at: startedAt }
    await insertRun(db, { ...row, ended_at: null, checked: 0, total, verdict: null })
    const none = { position: null, walk: null, walk_seal: null, error_code: null, scope: null, scheduled: 0 as const }
    const run = this.#fromRow({ ...row, ...none, ended_at: null, checked: 0, total, verdict: null })
    const cancel = new Int32Array(new SharedArrayBuffer(4))
    const task: VerificationTask = { location, chain, mode, trustedKeyIds: this.#options.trustedKeyIds(), cancel }
    // Assigned before the worker can answer: its messages come in later turns.
    this.#current = { run, cancel, ended: this.#work(task).then((end) => this.#end(end)) }
    return run
  }

  #work(task: VerificationTask): Promise<Ended> {
    const worker = new Worker(new URL('./verification-worker.ts', import.meta.url), { workerData: task })
    return new Promise((resolve) => {
      worker.on('message', (message: VerificationMessage) => {
        if (message.kind === 'progress') this.#progress(message.checked, message.total)
        else resolve(message)
      })
      worker.on('error', () => resolve({ kind: 'error', code: 'WORKER_CRASHED' }))
      worker.on('exit', () => resolve({ kind: 'error', code: 'WORKER_CRASHED' }))
    })
  }

  #progress(checked: number, total: number): void {
    if (this.#current) this.#current.run = { ...this.#current.run, checked, total }
  }

  async #end(end: Ended): Promise<VerificationRun> {
    const current = this.#current
    if (!current) throw new AppError('INTERNAL', { reason: 'no-verification' })
    const verdict = end.kind === 'verdict' ? end.verdict : null
    const endedAt = this.#now()
    const run = { ...current.run, state: stateOf(end), endedAt, verdict }
    const kept = end.kind === 'error' ? { error: end.code } : verdict
    const stored = {
      state: run.state,
      endedAt,
      checked: run.checked,
      total: run.total,
      verdict: kept && JSON.stringify(kept),
    }
    const isKept = await endRun(this.#options.audit.db, run.id, stored).then(
      () => true,
      () => false,
    )
    this.#current = null
    // What could not be kept did not happen: the row is set to error at the next start.
    const told = isKept ? run : { ...run, state: 'error' as const }
    this.#options.onEnd?.(told)
    return told
  }

  #fromRow(row: Selectable<VerificationRunTable>): VerificationRun {
    const parsed = row.verdict === null ? null : (JSON.parse(row.verdict) as Verdict | { error: string })
    return {
      id: row.id,
      chain: row.chain,
      mode: row.mode,
      state: row.state,
      requestedBy: row.requested_by,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      checked: row.checked,
      total: row.total,
      verdict: parsed && 'ok' in parsed ? parsed : null,
    }
  }
}
