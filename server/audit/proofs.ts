import type { Kysely } from 'kysely'
import { AppError } from '../../shared/contract/errors.ts'
import { encodeNote, parseNote, parseSignatureLine } from '../../shared/audit/checkpoint.ts'
import type { NoteSignature } from '../../shared/audit/checkpoint.ts'
import { consistencyProof, inclusionProof } from '../../shared/audit/merkle.ts'
import type { RangeHash } from '../../shared/audit/merkle.ts'
import { encodeTlogProof } from '../../shared/audit/tlog-proof.ts'
import { buildOverTiles } from '../../shared/audit/tiles.ts'
import type { ReadSpan } from '../../shared/audit/tiles.ts'
import { readCheckpoint, readEntryBytes, readLatestCheckpoint } from '../db/repositories/audit-checkpoints.ts'
import type { CheckpointRecord } from '../db/repositories/audit-checkpoints.ts'
import { listCosignatures } from '../db/repositories/audit-witnesses.ts'
import type { AuditDb } from '../db/schema.ts'
import { keepSpans, readKept, readRemoved, spanReader } from './checkpoint-tree.ts'

type Reader = Kysely<AuditDb>

export interface EntryProof {
  readonly chain: string
  readonly index: number
  readonly size: number
  readonly hashes: readonly Uint8Array[]
  /** With its cosignatures. */
  readonly note: string
  readonly entry: Uint8Array
  /** C2SP `.tlog-proof`, its extra data the entry. */
  readonly file: string
}

const unavailable = (reason: string, cause?: unknown): AppError =>
  new AppError('AUDIT_PROOF_UNAVAILABLE', { reason }, { cause })

const tryParseLine = (line: string): readonly NoteSignature[] => {
  try {
    return [parseSignatureLine(line)]
  } catch {
    // A line of something else beside, as a note may have (C2SP signed-note): it signs nothing here.
    return []
  }
}

/**
 * Proofs over the stored tree, up to the last checkpoint of a chain. They read at most a few blocks of entries, whatever
 * the size. Nothing here says that a proof is true: that is for whoever gets it, who has the checkpoint.
 */
export class Proofs {
  readonly #db: Reader
  readonly #readers = new Map<string, ReadSpan>()

  constructor(db: Reader) {
    this.#db = db
  }

  /** RFC 6962 2.1.2. From a size that cleaning removed where a witness had signed it. Throws AUDIT_PROOF_UNAVAILABLE (`size`, `removed`), REQUEST_INVALID (`tree-index`). */
  async consistency(chain: string, from: number, to: number): Promise<readonly Uint8Array[]> {
    const latest = await readLatestCheckpoint(this.#db, chain)
    if (!latest || to > latest.size) throw unavailable('size')
    return this.#build(chain, (hash) => consistencyProof(hash, from, to), from)
  }

  /**
   * That an entry is in the tree of the checkpoint of `size`, the last one if none is named. Throws
   * AUDIT_PROOF_UNAVAILABLE (`unsealed`, `removed`, `size`).
   */
  async inclusion(chain: string, sequence: number, size?: number): Promise<EntryProof> {
    const checkpoint =
      size === undefined ? await readLatestCheckpoint(this.#db, chain) : await readCheckpoint(this.#db, chain, size)
    if (!checkpoint) throw unavailable(size === undefined ? 'unsealed' : 'size')
    if (sequence >= checkpoint.size) throw unavailable('unsealed')
    const [entry] = await readEntryBytes(this.#db, chain, sequence, sequence + 1)
    if (!entry) throw unavailable('removed')
    const hashes = await this.#build(chain, (hash) => inclusionProof(hash, sequence, checkpoint.size))
    const note = await this.noteOf(checkpoint)
    const file = encodeTlogProof({ index: sequence, hashes, note, extra: entry })
    return { chain, index: sequence, size: checkpoint.size, hashes, note, entry, file }
  }

  /**
   * The signed note with every cosignature there is of it. A line that is none was written past us: it is left out, so
   * that one spoiled row neither keeps the desks from looking nor anyone from a proof.
   */
  async noteOf({ chain, size, note }: CheckpointRecord): Promise<string> {
    const signed = parseNote(note)
    const lines = await listCosignatures(this.#db, chain, size)
    const cosigned = lines.flatMap(({ line }) => tryParseLine(line.replace(/\n$/, '')))
    return encodeNote({ text: signed.text, signatures: [...signed.signatures, ...cosigned].slice(0, NOTE_SIGNATURES) })
  }

  #reader(chain: string): ReadSpan {
    const known = this.#readers.get(chain) ?? keepSpans(spanReader(this.#db, chain))
    this.#readers.set(chain, known)
    return known
  }

  /** `from`: the smaller size of a consistency proof, of which cleaning may have kept something. */
  async #build<T>(chain: string, build: (hash: RangeHash) => T, from?: number): Promise<T> {
    const left = await readRemoved(this.#db, chain)
    const isRemoved = left !== null && from !== undefined && from < left.size
    const removed = isRemoved ? { ...left, kept: await readKept(this.#db, chain, from) } : left
    try {
      return await buildOverTiles(build, this.#reader(chain), removed)
    } catch (cause) {
      const isMissing = cause instanceof AppError && cause.detail['reason'] === 'tile-missing'
      // From within what cleaning removed nothing can be proved any more but from a size a witness had signed.
      if (isMissing && removed) throw unavailable('removed', cause)
      throw cause
    }
  }
}

/** Lines a note is served with; readers of C2SP notes bound them. */
const NOTE_SIGNATURES = 100
