import { Worker } from 'node:worker_threads'
import { AppError } from '../../shared/contract/errors.ts'
import { createSignatureVerifier } from '../../shared/audit/crypto.ts'
import type { VerificationMode } from '../../shared/audit/verdict.ts'
import { newId } from '../db/id.ts'
import type { Opened } from '../db/open.ts'
import { listChainNames } from '../db/repositories/audit-cuts.ts'
import { countEntries } from '../db/repositories/audit-list.ts'
import { endRun, insertRun, listAbandonedRuns, listRuns, readRun, saveRun } from '../db/repositories/audit-runs.ts'
import type { RunRow } from '../db/repositories/audit-runs.ts'
import type { AuditDb } from '../db/schema.ts'
import type { AuditSigner } from './ports.ts'
import { runOfRow, walkSealBytes } from './verification-run.ts'
import type { VerificationRun } from './verification-run.ts'
import type { VerificationMessage, VerificationTask } from './verification-worker.ts'

export type { VerificationRun } from './verification-run.ts'

export interface VerificationJobsOptions {
  readonly audit: Opened<AuditDb>
  /** The node's chain, verified where no other is named. */
  readonly chain: string
  /** Keys of the key store this server trusts; ids as `keyIdOf` gives them. */
  readonly trustedKeyIds: () => readonly string[]
  /**
   * Signs the places runs come to, so that one that a restart ended goes on from there. Without it such a run ends as
   * an error: a place anyone could have written would let a part of the chain go unverified.
   */
  readonly signer?: AuditSigner
  /** Ms between two saved places. */
  readonly saveMs?: number
  /** Threads that walk; as many as there are cores when left out. */
  readonly threads?: number
  /** Told of each run that ended, once what it found is durable: mail, log and banner hang here. */
  readonly onEnd?: (run: VerificationRun) => void
  readonly now?: () => number
}

export interface VerificationRequest {
  readonly mode: VerificationMode
  readonly requestedBy: string | null
  /** Any chain of the audit database; the node's own when left out. */
  readonly chain?: string
  readonly scheduled?: boolean
}

interface Current {
  run: VerificationRun
  readonly cancel: Int32Array
  readonly ended: Promise<VerificationRun>
}

type Ended = Extract<VerificationMessage, { kind: 'verdict' | 'cancelled' | 'error' }>

const SAVE_MS = 30_000
const verifySeal = createSignatureVerifier()

const stateOf = (end: Ended): VerificationRun['state'] => {
  if (end.kind !== 'verdict') return end.kind
  return end.verdict.ok ? 'passed' : 'failed'
}

/** Runs verifications in threads of their own, one at a time, and keeps what they found. */
export class VerificationJobs {
  readonly #options: VerificationJobsOptions
  #current: Current | null = null
  #isStarting = false

  constructor(options: VerificationJobsOptions) {
    this.#options = options
  }

  /**
   * Takes up what a process of this node that died left behind; once, before the first `start`. One run goes on from
   * the last place it saved; others, and those with no place that holds, end as errors (WORKER_CRASHED).
   */
  async recover(): Promise<void> {
    for (const row of await listAbandonedRuns(this.#options.audit.db, this.#options.chain)) {
      const isResumed = !this.#current && this.#isSealed(row)
      if (isResumed) this.#begin(runOfRow(row), row.walk)
      else await this.#abandon(row)
    }
  }

  /** Every chain there are rows of, also one that has no head: each is to be verified. */
  async chains(): Promise<readonly string[]> {
    return listChainNames(this.#options.audit.db)
  }

  /** Starts a run; durable as running when it returns. Throws AUDIT_VERIFICATION_RUNNING while one is going on. */
  async start(request: VerificationRequest): Promise<VerificationRun> {
    if (this.#current || this.#isStarting) {
      throw new AppError('AUDIT_VERIFICATION_RUNNING', { id: this.#current?.run.id ?? null })
    }
    this.#isStarting = true
    try {
      return await this.#start(request)
    } finally {
      this.#isStarting = false
    }
  }

  /** Throws AUDIT_NOT_FOUND. */
  async get(id: string): Promise<VerificationRun> {
    if (this.#current?.run.id === id) return this.#current.run
    const row = await readRun(this.#options.audit.db, id)
    if (!row) throw new AppError('AUDIT_NOT_FOUND', { run: id })
    return runOfRow(row)
  }

  /** Newest first. */
  async list(limit = 50): Promise<readonly VerificationRun[]> {
    const rows = await listRuns(this.#options.audit.db, limit)
    return rows.map((row) => (row.id === this.#current?.run.id ? this.#current.run : runOfRow(row)))
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

  async #start(request: VerificationRequest): Promise<VerificationRun> {
    const { audit, chain: own } = this.#options
    const { mode, requestedBy, chain = own, scheduled = false } = request
    const startedAt = this.#now()
    const total = await countEntries(audit.db, chain)
    const row: RunRow = {
      id: newId('verification', startedAt),
      chain,
      mode,
      state: 'running',
      requested_by: requestedBy,
      started_at: startedAt,
      ended_at: null,
      checked: 0,
      total,
      verdict: null,
      node: own,
      position: null,
      walk: null,
      walk_seal: null,
      error_code: null,
      scope: null,
      scheduled: scheduled ? 1 : 0,
    }
    await insertRun(audit.db, row)
    return this.#begin(runOfRow(row), null)
  }

  #begin(run: VerificationRun, walk: Uint8Array | null): VerificationRun {
    const { audit, trustedKeyIds, signer, saveMs = SAVE_MS, threads } = this.#options
    const cancel = new Int32Array(new SharedArrayBuffer(4))
    const { chain, mode } = run
    const wanted = { location: audit.location, chain, mode, trustedKeyIds: trustedKeyIds(), cancel, walk }
    const task = { ...wanted, ...(signer ? { saveMs } : {}), ...(threads === undefined ? {} : { threads }) }
    // Assigned before the worker can answer: its messages come in later turns.
    this.#current = { run, cancel, ended: this.#work(task).then((end) => this.#end(end)) }
    return run
  }

  #work(task: VerificationTask): Promise<Ended> {
    const worker = new Worker(new URL('./verification-worker.ts', import.meta.url), { workerData: task })
    return new Promise((resolve) => {
      worker.on('message', (message: VerificationMessage) => {
        if (message.kind === 'progress') this.#progress(message.checked, message.total)
        else if (message.kind === 'saved') void this.#save(message.position, message.walk)
        else resolve(message)
      })
      worker.on('error', () => resolve({ kind: 'error', code: 'WORKER_CRASHED' }))
      worker.on('exit', () => resolve({ kind: 'error', code: 'WORKER_CRASHED' }))
    })
  }

  #progress(checked: number, total: number): void {
    if (this.#current) this.#current.run = { ...this.#current.run, checked, total }
  }

  /** A place that cannot be signed or kept now is kept the next time; the run itself needs none. */
  async #save(position: number, walk: Uint8Array): Promise<void> {
    const { signer, audit } = this.#options
    const run = this.#current?.run
    if (!signer || !run) return
    const save = async (): Promise<void> => {
      const seal = await signer.sign(walkSealBytes(run, walk))
      await saveRun(audit.db, run.id, { position, walk, seal })
    }
    await save().catch(() => undefined)
  }

  #isSealed(row: RunRow): boolean {
    const { signer } = this.#options
    if (!signer || !row.walk || !row.walk_seal) return false
    return verifySeal(signer.publicKeySpki(), walkSealBytes(runOfRow(row), row.walk), row.walk_seal)
  }

  async #abandon(row: RunRow): Promise<void> {
    const { checked, total } = row
    const end = { state: 'error' as const, endedAt: this.#now(), checked, total, verdict: null }
    await endRun(this.#options.audit.db, row.id, { ...end, errorCode: 'WORKER_CRASHED' })
  }

  async #end(end: Ended): Promise<VerificationRun> {
    const current = this.#current
    if (!current) throw new AppError('INTERNAL', { reason: 'no-verification' })
    const verdict = end.kind === 'verdict' ? end.verdict : null
    const error = end.kind === 'error' ? end.code : null
    const run = { ...current.run, state: stateOf(end), endedAt: this.#now(), verdict, error }
    const { state, endedAt, checked, total } = run
    const kept = verdict && JSON.stringify(verdict)
    const stored = { state, endedAt, checked, total, verdict: kept, errorCode: error }
    const isKept = await endRun(this.#options.audit.db, run.id, stored).then(
      () => true,
      () => false,
    )
    this.#current = null
    // What could not be kept did not happen: the row is set to error at the next start.
    const told = isKept ? run : { ...run, state: 'error' as const, error: error ?? 'DATABASE_UNAVAILABLE' }
    this.#options.onEnd?.(told)
    return told
  }
}
