import { sameBytes } from '../../shared/audit/bytes.ts'
import type { VerifySignature } from '../../shared/audit/crypto.ts'
import { parseEntry } from '../../shared/audit/entry.ts'
import type { Entry } from '../../shared/audit/entry.ts'
import { findPayloadFault, tombstoneOf } from '../../shared/audit/erasure.ts'
import { findKeyFault } from '../../shared/audit/key-statement.ts'
import type { AuditKey } from '../../shared/audit/key-statement.ts'
import { entrySigningBytes } from '../../shared/audit/link.ts'
import { findFalseMark, readMarks } from '../../shared/audit/marks.ts'
import type { ErasureMarks, Tombstone } from '../../shared/audit/marks.ts'
import { leafHash, verifyInclusion } from '../../shared/audit/merkle.ts'
import type { KnownHsmKey } from '../../shared/audit/note-key-statement.ts'
import type { StoredPayload } from '../../shared/audit/stored.ts'
import type { Proofs } from '../audit/proofs.ts'
import type { JoinedRow } from '../db/repositories/audit-entry-row.ts'
import { listTombstonesOf } from '../db/repositories/audit-tombstones.ts'
import type { AuditDatabase } from '../db/schema.ts'

/** What vouches for entries: a proved checkpoint, and for those after it the keys of the chain. */
export interface Vouching {
  readonly size: number
  readonly root: Uint8Array
  readonly keys: ReadonlyMap<string, AuditKey>
  /** Traced to one we trust (`traceHsmKeys`). */
  readonly known: readonly KnownHsmKey[]
}

const payloadsOf = (row: JoinedRow): readonly StoredPayload[] => {
  const { salt, payload_bytes: bytes, erased_at: erasedAt, erased_by: erasedBy, erased_rule: erasedRule } = row
  return salt ? [{ salt, bytes, erasedAt, erasedBy, erasedRule }] : []
}

/**
 * Payloads of single entries, and where one is gone the tombstone that says so: whoever can write the database can set
 * the marks of an erased payload, and none of them is believed by itself.
 */
export class ErasureProofs {
  readonly #audit: AuditDatabase
  readonly #proofs: Proofs
  readonly #vouching: Vouching
  readonly #verify: VerifySignature
  /** Proved last: whole stretches have the same. */
  #last: Tombstone | null = null

  constructor(audit: AuditDatabase, proofs: Proofs, vouching: Vouching, verify: VerifySignature) {
    this.#audit = audit
    this.#proofs = proofs
    this.#vouching = vouching
    this.#verify = verify
  }

  /** What is wrong with a proved entry's payload: null for nothing, `buried` for one erased by a proved tombstone. */
  async findFault(entry: Entry, row: JoinedRow): Promise<string | null> {
    const [payload] = payloadsOf(row)
    const wrong = payload ? findPayloadFault([payload], entry) : 'missing'
    if (wrong === 'missing' || wrong === 'digest') return 'payload'
    if (wrong !== 'erased' || !payload) return wrong
    const marks = readMarks(payload)
    return typeof marks === 'string' ? marks : this.#findTombstoneFault(entry, marks)
  }

  async #findTombstoneFault({ chain, sequence }: Entry, marks: ErasureMarks): Promise<string> {
    let wrong = 'erased'
    const judge = (tombstone: Tombstone | null): boolean => {
      if (!tombstone || sequence < tombstone.from || sequence > tombstone.to) return false
      const mark = findFalseMark(marks, tombstone.marks)
      if (mark) wrong = mark
      return mark === null
    }
    if (judge(this.#last)) return 'buried'
    for (const row of await listTombstonesOf(this.#audit, chain, sequence, marks.at)) {
      const tombstone = this.#read(row)
      if (!judge(tombstone) || !(await this.#isVouched(row))) continue
      this.#last = tombstone
      return 'buried'
    }
    return wrong
  }

  /** What a row says as a tombstone; its bytes are not proved yet. */
  #read(row: JoinedRow): Tombstone | null {
    try {
      const entry = parseEntry(row.bytes)
      const isItself = entry.chain === row.chain && entry.sequence === row.sequence
      if (!isItself || findPayloadFault(payloadsOf(row), entry) !== null) return null
      return tombstoneOf(entry, row.payload_bytes)
    } catch {
      // Bytes that are no entry bury nothing.
      return null
    }
  }

  async #isVouched({ chain, sequence, bytes, signature }: JoinedRow): Promise<boolean> {
    const { size, root } = this.#vouching
    if (sequence >= size) return this.#isSigned(bytes, signature)
    const { hashes, entry } = await this.#proofs.inclusion(chain, sequence, size)
    if (!sameBytes(entry, bytes)) return false
    try {
      verifyInclusion({ leaf: leafHash(bytes), index: sequence, size, root }, hashes)
      return true
    } catch {
      // Another entry stands in the tree there, or a forged root beside it: not vouched for.
      return false
    }
  }

  /** Of an entry after the checkpoint: one of the chain's keys signed it, endorsed by the key store. */
  #isSigned(bytes: Uint8Array, signature: Uint8Array): boolean {
    const { keys, known } = this.#vouching
    const key = keys.get(parseEntry(bytes).key)
    const endorser = key && keys.get(key.endorsedBy)
    if (!key || !endorser || findKeyFault(key, endorser, this.#verify) !== null) return false
    const isKnown = known.some(({ keyId, spki }) => keyId === endorser.keyId && sameBytes(spki, endorser.spki))
    return isKnown && this.#verify(key.spki, entrySigningBytes(bytes), signature)
  }
}
