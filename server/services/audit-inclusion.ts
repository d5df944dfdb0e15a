import { AppError } from '../../shared/contract/index.ts'
import { createSignatureVerifier } from '../../shared/audit/crypto.ts'
import { parseEntry } from '../../shared/audit/entry.ts'
import { leafHash, verifyInclusion } from '../../shared/audit/merkle.ts'
import { traceHsmKeys, verifyCheckpointNote } from '../../shared/audit/note-key-statement.ts'
import type { VerdictKind } from '../../shared/audit/verdict.ts'
import type { AuditRow, AuditTrail, EntryFilter, VerificationRun } from '../audit/index.ts'
import { runOfRow } from '../audit/verification-run.ts'
import { Proofs } from '../audit/proofs.ts'
import { ErasureProofs } from './audit-erasures.ts'
import type { Vouching as Anchor } from './audit-erasures.ts'
import { newId } from '../db/index.ts'
import { listAuditKeys } from '../db/repositories/audit-chain.ts'
import { listNoteKeys, readLatestCheckpoint } from '../db/repositories/audit-checkpoints.ts'
import { readEntry } from '../db/repositories/audit-list.ts'
import { endRun, INCLUSION_SCOPE, insertRun, readRun } from '../db/repositories/audit-runs.ts'
import type { AuditDatabase } from '../db/schema.ts'

export interface InclusionDeps {
  readonly audit: AuditDatabase
  readonly trail: AuditTrail
  /** The node's own name, so that a run it left behind is ended at its next start. */
  readonly node: string
  readonly trustedKeyIds: () => readonly string[]
  /** A checkpoint of everything that is there now, so that it can be proved. */
  readonly seal: () => Promise<unknown>
  readonly onError: (error: unknown) => void
  /** Told of each run that ended, once what it found is durable. */
  readonly onEnd: (run: VerificationRun) => void
}
export interface InclusionRequest {
  readonly chain: string
  readonly requestedBy: string
  /** What may be seen: these entries are proved, and nothing is told of others. */
  readonly filter: EntryFilter
}
interface Progress {
  checked: number
  total: number
  erased: number
}
interface Current {
  readonly requestedBy: string
  readonly progress: Progress
  readonly abort: AbortController
  readonly ended: Promise<void>
}
class Mismatch extends Error {
  readonly kind: VerdictKind
  readonly sequence: number
  constructor(kind: VerdictKind, sequence: number, what: string) {
    super(what)
    this.kind = kind
    this.sequence = sequence
  }
}

const PAGE = 100
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * Proves entries one by one: that each is, byte for byte, in the tree of the last checkpoint, which the chain's note key
 * signed, bound by a key-store key we trust; that what lists show is what those bytes say; and that the payload is the
 * one they were made for, or gone with a tombstone that is proved like them. Entries younger than the checkpoint are
 * counted and not proved yet.
 */
export class AuditInclusion {
  readonly #deps: InclusionDeps
  readonly #verify = createSignatureVerifier()
  readonly #running = new Map<string, Current>()

  constructor(deps: InclusionDeps) {
    this.#deps = deps
  }

  /** Durable as running when it returns its id. Throws AUDIT_VERIFICATION_RUNNING while one of the same person goes on. */
  async prepare({ chain, requestedBy }: InclusionRequest): Promise<string> {
    const other = [...this.#running].find(([, run]) => run.requestedBy === requestedBy)
    if (other) throw new AppError('AUDIT_VERIFICATION_RUNNING', { id: other[0] })
    const id = newId('verification')
    await insertRun(this.#deps.audit, {
      id,
      chain,
      mode: 'quick',
      state: 'running',
      requested_by: requestedBy,
      started_at: Date.now(),
      ended_at: null,
      checked: 0,
      total: 0,
      verdict: null,
      node: this.#deps.node,
      position: null,
      walk: null,
      walk_seal: null,
      error_code: null,
      scope: INCLUSION_SCOPE,
      scheduled: 0,
    })
    return id
  }

  /** Goes on by itself; outside of any transaction, since it has its own. */
  begin(id: string, { chain, requestedBy, filter }: InclusionRequest): void {
    const progress: Progress = { checked: 0, total: 0, erased: 0 }
    const abort = new AbortController()
    const ended = this.#run(id, chain, filter, progress, abort.signal).catch(this.#deps.onError)
    this.#running.set(id, { requestedBy, progress, abort, ended })
    void ended.finally(() => this.#running.delete(id))
  }

  /** The run with how far it has come, where it goes on here. */
  live(run: VerificationRun): VerificationRun {
    const current = this.#running.get(run.id)
    return current ? { ...run, checked: current.progress.checked, total: current.progress.total } : run
  }

  /** Ends it and waits until it did; false where it does not go on here. */
  async cancel(id: string): Promise<boolean> {
    const current = this.#running.get(id)
    current?.abort.abort()
    await current?.ended
    return current !== undefined
  }

  async close(): Promise<void> {
    for (const id of this.#running.keys()) await this.cancel(id)
  }

  async #run(id: string, chain: string, filter: EntryFilter, progress: Progress, signal: AbortSignal): Promise<void> {
    const end = { errorCode: null as string | null, verdict: null as string | null }
    let state: VerificationRun['state'] = 'passed'
    const about = { chain, mode: 'quick' as const }
    try {
      // Where none can be made now, what the last one covers is proved.
      if (chain === this.#deps.node) await this.#deps.seal().catch(this.#deps.onError)
      const anchor = await this.#anchor(chain)
      await this.#walk(chain, filter, anchor, progress, signal)
      if (signal.aborted) state = 'cancelled'
      else {
        const root = Buffer.from(anchor.root).toString('base64')
        const facts = { entries: progress.checked, signaturesChecked: 1, payloadsErased: progress.erased, root }
        end.verdict = JSON.stringify({
          ok: true,
          ...about,
          ...facts,
          head: { sequence: anchor.size - 1, signature: '' },
        })
      }
    } catch (error) {
      if (error instanceof Mismatch) {
        state = 'failed'
        const { kind, sequence, message: what } = error
        end.verdict = JSON.stringify({ ok: false, ...about, kind, sequence, what, entries: progress.checked })
      } else {
        state = 'error'
        end.errorCode = error instanceof AppError ? error.code : 'INTERNAL'
        this.#deps.onError(error)
      }
    }
    const { checked, total } = progress
    const { audit, onEnd } = this.#deps
    await endRun(audit, id, { state, endedAt: Date.now(), checked, total, ...end })
    const row = await readRun(audit, id)
    if (row) onEnd(runOfRow(row))
  }

  /** The last checkpoint, once it is shown who signed it. Throws AUDIT_PROOF_UNAVAILABLE where there is none. */
  async #anchor(chain: string): Promise<Anchor> {
    const { audit, trustedKeyIds } = this.#deps
    const latest = await readLatestCheckpoint(audit, chain)
    if (!latest) throw new AppError('AUDIT_PROOF_UNAVAILABLE', { reason: 'unsealed' })
    const keys = await listAuditKeys(audit, chain)
    const hsmKeys = keys.filter((key) => key.kind === 'hsm')
    try {
      const known = traceHsmKeys(chain, hsmKeys, trustedKeyIds(), this.#verify)
      const statements = await listNoteKeys(audit, chain)
      const { size, root } = verifyCheckpointNote(latest.note, statements, known, this.#verify).checkpoint
      return { size, root, keys: new Map(keys.map((key) => [key.keyId, key])), known }
    } catch (error) {
      if (error instanceof AppError && error.code === 'REQUEST_INVALID')
        throw new Mismatch('unknown-key', latest.size, 'checkpoint')
      throw error
    }
  }

  async #walk(
    chain: string,
    filter: EntryFilter,
    anchor: Anchor,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void> {
    const proofs = new Proofs(this.#deps.audit)
    const erasures = new ErasureProofs(this.#deps.audit, proofs, anchor, this.#verify)
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<AuditTrail['list']>> = await this.#deps.trail.list(
        { ...filter, chain },
        { cursor, limit: PAGE },
      )
      progress.total += page.items.length
      for (const row of page.items) {
        if (signal.aborted) return
        if (row.sequence < anchor.size) {
          await this.#prove(row, anchor, progress, proofs, erasures)
          progress.checked += 1
        }
        await pause()
      }
      cursor = page.next
    } while (cursor !== null)
  }

  async #prove(
    row: AuditRow,
    { size, root }: Anchor,
    progress: Progress,
    proofs: Proofs,
    erasures: ErasureProofs,
  ): Promise<void> {
    const { chain, sequence } = row
    const { hashes, entry: bytes } = await proofs.inclusion(chain, sequence, size)
    try {
      verifyInclusion({ leaf: leafHash(bytes), index: sequence, size, root }, hashes)
    } catch {
      throw new Mismatch('altered', sequence, 'inclusion')
    }
    const entry = parseEntry(bytes)
    const shown = [row.chain, row.sequence, row.time, row.tenant, row.action, row.objectType, row.objectId]
    const said = [entry.chain, entry.sequence, entry.at, entry.tenant, entry.action, entry.object.type, entry.object.id]
    const who = [row.operatorId, row.role, row.station, row.office, row.correlationId]
    const signed = [entry.operator?.id ?? null, entry.operator?.role ?? null, entry.station, entry.office]
    if (JSON.stringify([shown, who]) !== JSON.stringify([said, [...signed, entry.correlationId]]))
      throw new Mismatch('altered', sequence, 'columns')
    const stored = await readEntry(this.#deps.audit, chain, sequence)
    const wrong = stored ? await erasures.findFault(entry, stored) : 'payload'
    if (wrong === 'buried') progress.erased += 1
    else if (wrong !== null) throw new Mismatch('payload-mismatch', sequence, wrong)
  }
}
