import { AppError } from '../../shared/contract/errors.ts'
import { createSignatureVerifier } from '../../shared/audit/crypto.ts'
import type { VerificationMode } from '../../shared/audit/verdict.ts'
import { newId } from '../db/id.ts'
import type { Opened } from '../db/open.ts'
import { listChainNames } from '../db/repositories/audit-cuts.ts'
import { findKnownIntents } from '../db/repositories/audit-entries.ts'
import { countEntries } from '../db/repositories/audit-list.ts'
import {
  dropWaiting,
  endRun,
  insertRun,
  listAbandonedRuns,
  listFollowedRuns,
  listRuns,
  readRun,
  saveRun,
  waitingScope,
} from '../db/repositories/audit-runs.ts'
import type { RunRow } from '../db/repositories/audit-runs.ts'
import type { AuditDb } from '../db/schema.ts'
import type { AuditSigner } from './ports.ts'
import { endIntentOf, keptVerdict, packSeal, runOfRow, unpackSeal, walkSealBytes } from './verification-run.ts'
import type { VerificationRun } from './verification-run.ts'
import { startThread } from './verification-threads.ts'
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
  /** Chains that are to follow this one; kept with the run. */
  readonly waiting?: readonly string[]
  /** The run this one was waiting behind. */
  readonly follows?: string
}

/** A run that is written down and holds its turn, and is not begun: until one of the two is called no other starts. */
export interface ReservedRun {
  readonly run: VerificationRun
  /** Goes on by itself from here. */
  begin(): Promise<VerificationRun>
  /** Ends it as cancelled; it never began. */
  release(): Promise<void>
}

interface Place {
  readonly walk: Uint8Array
  /** UTC ms; of a run that was resumed more than once, of the first. */
  readonly at: number
}

interface Current {
  run: VerificationRun
  /** When what lies behind the places it saves was looked at first; null: it saves places of its own. */
  readonly since: number | null
  readonly cancel: Int32Array
  readonly ended: Promise<VerificationRun>
}

type Ended = Extract<VerificationMessage, { kind: 'verdict' | 'cancelled' | 'error' }>

const SAVE_MS = 30_000
/** The thread that joins: what it keeps does not grow with the chain. */
const LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 }
/** What was checked longer ago is checked again. */
const PLACE_MAX_AGE_MS = 24 * 3_600_000
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
   * the last place it saved; others, and those with no place that holds, end as errors (WORKER_CRASHED). A place is
   * not of one moment only: who can write the database can put an old one back. So one that is older than a day, or of
   * a run whose end is in the chain, is refused, and what goes on from one says so (`resumed`).
   */
  async recover(): Promise<void> {
    for (const row of await listAbandonedRuns(this.#options.audit.db, this.#options.chain)) {
      const place = this.#current ? null : await this.#placeOf(row)
      if (place) this.#begin(runOfRow(row), place)
      else await this.#abandon(row)
    }
  }

  /** Runs of this node that chains still wait behind, those that ended with a process before this one included. */
  async followed(): Promise<readonly VerificationRun[]> {
    const rows = await listFollowedRuns(this.#options.audit.db, this.#options.chain)
    return Promise.all(rows.map((row) => this.get(row.id)))
  }

  /** Nothing follows this run any more; durable when it returns. */
  async dropWaiting(id: string): Promise<void> {
    await dropWaiting(this.#options.audit.db, id)
    if (this.#current?.run.id === id) this.#current.run = { ...this.#current.run, waiting: [] }
  }

  /** Every chain there are rows of, also one that has no head: each is to be verified. */
  async chains(): Promise<readonly string[]> {
    return listChainNames(this.#options.audit.db)
  }

  /** Starts a run; durable as running when it returns. Throws AUDIT_VERIFICATION_RUNNING while one is going on. */
  async start(request: VerificationRequest): Promise<VerificationRun> {
    return (await this.reserve(request)).begin()
  }

  /**
   * As `start`, for who has to tell of the run before it begins. Durable as running when it returns; a process that
   * dies meanwhile ends it at its next start.
   */
  async reserve(request: VerificationRequest): Promise<ReservedRun> {
    if (this.#current || this.#isStarting) {
      throw new AppError('AUDIT_VERIFICATION_RUNNING', { id: this.#current?.run.id ?? null })
    }
    this.#isStarting = true
    try {
      const row = await this.#write(request)
      return {
        run: runOfRow(row),
        begin: async () => {
          // After the row: dead in between, chains are verified twice rather than not at all.
          if (request.follows !== undefined) await dropWaiting(this.#options.audit.db, request.follows)
          const run = this.#begin(runOfRow(row), null)
          this.#isStarting = false
          return run
        },
        release: async () => {
          this.#isStarting = false
          await dropWaiting(this.#options.audit.db, row.id)
          await this.#abandon(row, 'cancelled')
        },
      }
    } catch (error) {
      this.#isStarting = false
      throw error
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

  async #write(request: VerificationRequest): Promise<RunRow> {
    const { audit, chain: own } = this.#options
    const { mode, requestedBy, chain = own, scheduled = false, waiting = [] } = request
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
      scope: waitingScope(waiting),
      scheduled: scheduled ? 1 : 0,
    }
    await insertRun(audit.db, row)
    return row
  }

  #begin(run: VerificationRun, place: Place | null): VerificationRun {
    const { audit, trustedKeyIds, signer, saveMs = SAVE_MS, threads } = this.#options
    const cancel = new Int32Array(new SharedArrayBuffer(4))
    const { chain, mode } = run
    const wanted = {
      location: audit.location,
      chain,
      mode,
      trustedKeyIds: trustedKeyIds(),
      cancel,
      walk: place?.walk ?? null,
    }
    const task = { ...wanted, ...(signer ? { saveMs } : {}), ...(threads === undefined ? {} : { threads }) }
    // Assigned before the worker can answer: its messages come in later turns.
    this.#current = { run, since: place?.at ?? null, cancel, ended: this.#work(task).then((end) => this.#end(end)) }
    return run
  }

  #work(task: VerificationTask): Promise<Ended> {
    const worker = startThread(new URL('./verification-worker.ts', import.meta.url), task, LIMITS)
    return new Promise((resolve) => {
      worker.on('message', (message: VerificationMessage) => {
        if (message.kind === 'progress') this.#progress(message.checked, message.total)
        else if (message.kind === 'resumed') this.#resumed(message.position)
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

  #resumed(sequence: number): void {
    const { run, since } = this.#current ?? {}
    if (!run || since === null || since === undefined) return
    this.#current = { ...(this.#current as Current), run: { ...run, resumed: { sequence, at: since } } }
  }

  /** A place that cannot be signed or kept now is kept the next time; the run itself needs none. */
  async #save(position: number, walk: Uint8Array): Promise<void> {
    const { signer, audit } = this.#options
    const run = this.#current?.run
    if (!signer || !run) return
    // A run that went on from a place of before is as old as that one, however often it goes on.
    const at = run.resumed?.at ?? this.#now()
    const save = async (): Promise<void> => {
      const seal = packSeal(at, await signer.sign(walkSealBytes(run, walk, at)))
      await saveRun(audit.db, run.id, { position, walk, seal })
    }
    // Without it a run that is interrupted begins further back, and nothing else.
    await save().catch(() => undefined)
  }

  /** The place a run may go on from: ours, of this run while it ran, and not of long ago. */
  async #placeOf(row: RunRow): Promise<Place | null> {
    const { signer, audit } = this.#options
    if (!signer || !row.walk || !row.walk_seal || row.ended_at !== null) return null
    const seal = unpackSeal(row.walk_seal)
    const now = this.#now()
    if (!seal || seal.at > now || now - seal.at > PLACE_MAX_AGE_MS) return null
    const said = walkSealBytes(runOfRow(row), row.walk, seal.at)
    if (!verifySeal(signer.publicKeySpki(), said, seal.signature)) return null
    const end = endIntentOf(row.id)
    if ((await findKnownIntents(audit.db, [end])).has(end)) return null
    return { walk: row.walk, at: seal.at }
  }

  async #abandon(row: RunRow, state: 'error' | 'cancelled' = 'error'): Promise<void> {
    const { checked, total } = row
    const end = { state, endedAt: this.#now(), checked, total, verdict: null }
    await endRun(this.#options.audit.db, row.id, { ...end, errorCode: state === 'error' ? 'WORKER_CRASHED' : null })
  }

  async #end(end: Ended): Promise<VerificationRun> {
    const current = this.#current
    if (!current) throw new AppError('INTERNAL', { reason: 'no-verification' })
    const verdict = end.kind === 'verdict' ? end.verdict : null
    const error = end.kind === 'error' ? end.code : null
    const run = { ...current.run, state: stateOf(end), endedAt: this.#now(), verdict, error }
    const { state, endedAt, checked, total } = run
    const kept = verdict && keptVerdict(verdict, run.resumed)
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
