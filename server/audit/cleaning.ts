import { AppError } from '../../shared/contract/errors.ts'
import { encodeBase64url } from '../../shared/audit/base64url.ts'
import { parseNote } from '../../shared/audit/checkpoint.ts'
import { keyIdOf } from '../../shared/audit/crypto.ts'
import { CUT_OBJECT, cutIdOf, cutSigningBytes, encodeCut, parseCut } from '../../shared/audit/cut.ts'
import { MerkleFrontier } from '../../shared/audit/merkle.ts'
import type { StoredCut } from '../../shared/audit/stored.ts'
import { prepareCut } from '../../shared/audit/verification.ts'
import type { Opened } from '../db/open.ts'
import { readRootKeyId } from '../db/repositories/audit-chain.ts'
import { putCut, readCut } from '../db/repositories/audit-cuts.ts'
import { streamEntries } from '../db/repositories/audit-entries.ts'
import { removeBefore } from '../db/repositories/retention-entries.ts'
import type { AuditDb } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import type { OwnChanges } from '../jobs/own-changes.ts'
import { keepForWitnesses } from './checkpoint-tree.ts'
import type { AuditSigner } from './ports.ts'
import { readStoredChain } from './stored-chain.ts'

/** Where cleaning can be made to fail or die in tests: before and after each of its writes. */
export const CLEANING_FAULTS = [
  'before-announce',
  'after-announce',
  'inside-cut',
  'before-commit',
  'after-cut',
] as const
export type CleaningFault = (typeof CLEANING_FAULTS)[number]

export interface CleaningDeps {
  /** Read through; written through where there is no maintenance connection of its own (SQLite). */
  readonly audit: Opened<AuditDb>
  /** The connection that may delete; null on PostgreSQL where none is configured. */
  readonly maintenance: Opened<AuditDb> | null
  readonly chain: string
  readonly signer: () => AuditSigner
  readonly trustedKeyIds: () => readonly string[]
  readonly own: OwnChanges
  /** The signed checkpoint of so many entries; null where the chain makes none. */
  readonly noteOf?: (size: number, root: Uint8Array) => Promise<string | null>
  readonly step?: number
  readonly faults?: (point: CleaningFault) => Promise<void>
}

export interface CleaningRequest {
  /** The first entry that stays; a multiple of 256. */
  readonly cut: number
  readonly by: string | null
  readonly rule: string
  readonly signal?: AbortSignal
}

/** Entries deleted in one transaction: others wait for the database no longer than for this. */
const STEP = 1024
/** Entries verified between two turns of everybody else. */
const PACE = 64

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * Deletes the beginning of a chain, step by step; behind each step the chain is whole, verified from its cut record.
 *
 * Order of writes of a step, and what is true if the process dies after each:
 * 0. hashes of what is to go, for witnesses that were last there: true whatever comes of the rest
 * 1. the entry that announces the cut, with its statement: it was not carried out, which means nothing; the next run
 *    announces it anew
 * 2. one transaction: the cut record, and everything below it gone: the chain begins at the cut
 * What is deleted was verified in full just before; a chain that is not whole is not cut.
 */
export class Cleaner {
  readonly #deps: CleaningDeps

  constructor(deps: CleaningDeps) {
    this.#deps = deps
  }

  /** Throws AUDIT_MAINTENANCE_MISSING where the server may only add to the audit database. */
  assertAllowed(): void {
    if (this.#deps.maintenance === null) throw new AppError('AUDIT_MAINTENANCE_MISSING')
  }

  /**
   * Cuts up to `cut`; nothing where it was cut there before. Durable step by step. Throws CHAIN_CONFLICT (what is to be
   * deleted does not verify), CHAIN_KEY_UNUSABLE, AUDIT_MAINTENANCE_MISSING, AUDIT_CHAIN_UNWRITABLE, the signal's reason.
   */
  async run(request: CleaningRequest): Promise<void> {
    this.assertAllowed()
    const { audit, chain, step = STEP } = this.#deps
    for (;;) {
      const done = (await readCut(audit.db, chain))?.size ?? 0
      if (done >= request.cut) return
      request.signal?.throwIfAborted()
      await this.#cutAt(done, Math.min(done + step, request.cut), request)
    }
  }

  async #cutAt(done: number, size: number, request: CleaningRequest): Promise<void> {
    const signer = this.#deps.signer()
    const { cut, id, keys } = await this.#prepare(size, request, signer)
    await keepForWitnesses(this.#deps.audit.db, this.#deps.chain, done, size)
    await this.#fault('before-announce')
    const at = this.#deps.own.now()
    await this.#deps.own.runSettled(`${CUT_OBJECT}:${id}`, (_trx, tell) =>
      tell({
        action: 'Deletion',
        object: { type: CUT_OBJECT, id },
        after: { statement: encodeBase64url(cut.statement) },
        reason: request.rule,
      }),
    )
    await this.#fault('after-announce')
    await this.#assertInForce(signer)
    const { maintenance, chain } = this.#deps
    if (!maintenance) throw new AppError('AUDIT_MAINTENANCE_MISSING')
    await inTransaction(maintenance.db, async (trx) => {
      await putCut(trx, chain, cut, at)
      await this.#fault('inside-cut')
      await removeBefore(trx, maintenance.dialect, chain, size, keys)
      await this.#fault('before-commit')
    })
    await this.#fault('after-cut')
    await pause()
  }

  async #prepare(
    size: number,
    { by, rule, signal }: CleaningRequest,
    signer: AuditSigner,
  ): Promise<{ cut: StoredCut; id: string; keys: Parameters<typeof removeBefore>[4] }> {
    const { audit, chain, trustedKeyIds, noteOf, own } = this.#deps
    await this.#assertInForce(signer)
    const stored = await readStoredChain(audit.db, chain)
    const keysBefore = stored.cut ? parseCut(stored.cut.statement).keys : []
    const read = streamEntries(audit.db, chain, PACE)
    const entries = async function* (from: number) {
      for await (const batch of read(from)) {
        yield batch
        await pause()
      }
    }
    const options = { trustedKeyIds: trustedKeyIds(), ...(signal === undefined ? {} : { signal }) }
    const state = await prepareCut({ ...stored, entries }, size, options)
    const root = MerkleFrontier.fromBytes(size, state.edge).root()
    const note = (await noteOf?.(size, root)) ?? null
    const checkpoint = note === null ? null : parseNote(note).text
    const signedBy = keyIdOf(signer.publicKeySpki())
    const statement = encodeCut({ ...state, checkpoint, at: own.now(), by, rule, signedBy })
    const signature = await signer.sign(cutSigningBytes(statement))
    return {
      cut: { size, statement, signature, note },
      id: cutIdOf(statement),
      keys: { keptKeys: state.keys, keysBefore },
    }
  }

  /** A key that was rolled over meanwhile would have signed a cut nobody accepts; the next run signs with the new one. */
  async #assertInForce(signer: AuditSigner): Promise<void> {
    const { audit, chain } = this.#deps
    if ((await readRootKeyId(audit.db, chain)) !== keyIdOf(signer.publicKeySpki()))
      throw new AppError('CHAIN_KEY_UNUSABLE', { reason: 'key-changed', chain })
  }

  #fault(point: CleaningFault): Promise<void> {
    return this.#deps.faults?.(point) ?? Promise.resolve()
  }
}
