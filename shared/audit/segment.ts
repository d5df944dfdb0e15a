import { encodeBase64url } from './base64url.ts'
import { bufferOf } from './buffer.ts'
import type { VerifySignature } from './crypto.ts'
import { columnsText } from './entry-columns.ts'
import { scanEntry } from './entry-scan.ts'
import type { EntryText } from './entry-scan.ts'
import { withHeldSignatures } from './held-signatures.ts'
import type { HeldSignatures } from './held-signatures.ts'
import type { AuditKey } from './key-statement.ts'
import { TELLING, announcedCut, findFalseMark, isAnnouncement, readMarks, tombstoneOf } from './marks.ts'
import type { ErasureMarks, Tombstone } from './marks.ts'
import { MerkleFrontier, leafHash } from './merkle.ts'
import { SALT_BYTES, payloadDigestText } from './payload-digest.ts'
import type { StoredEntry, StoredPayload } from './stored.ts'

/** A stretch of a chain, to be walked by whoever has time: all that it takes from what lies before is its tree edge. */
export interface SegmentTask {
  readonly chain: string
  readonly from: number
  /** The first sequence that is not in it. */
  readonly to: number
  /** Right edge of the tree of `from` entries; null where `from` is a multiple of a power of two the length fits in. */
  readonly edge: Uint8Array | null
  readonly everySignature: boolean
  /** Sizes of stored checkpoints in (from, to], rising. */
  readonly sizes: readonly number[]
}

/** What the state of the walk must be told of a segment, in the order it happened. */
export type SegmentEvent =
  | { readonly kind: 'signer'; readonly sequence: number; readonly key: string }
  | { readonly kind: 'erased'; readonly from: number; readonly to: number; readonly marks: ErasureMarks }
  | ({ readonly kind: 'tombstone' } & Tombstone)
  | { readonly kind: 'cut'; readonly id: string; readonly sequence: number }
  | {
      readonly kind: 'checkpoint'
      readonly size: number
      readonly edge: Uint8Array
      /** Of the last entry it is of, and whether it was checked for the checkpoint's sake alone. */
      readonly signature: Uint8Array
      readonly isChecked: boolean
    }
  | {
      readonly kind: 'announcement'
      readonly sequence: number
      readonly key: string
      readonly announced: string
      readonly payload: Uint8Array | null
      readonly signature: Uint8Array
      /** Edge of the segment's own tree before and after this entry. */
      readonly edge: Uint8Array
      readonly edgeAfter: Uint8Array
    }

export interface SegmentWalked {
  readonly kind: 'walked'
  /** What the first entry says the signature before it was, base64url. */
  readonly previous: string
  readonly last: Uint8Array
  readonly edge: Uint8Array
  readonly events: readonly SegmentEvent[]
}
/** `unsure`: something does not fit here; only a walk in order can tell what, and whether it is a fault at all. */
export type SegmentOutcome = SegmentWalked | { readonly kind: 'unsure'; readonly sequence: number }

/** A row as a store holds it. `previousCopy` is what it keeps of the signature before. */
export type SegmentRow = Omit<StoredEntry, 'previousSignature'> & { readonly previousCopy: Uint8Array }

export interface SegmentSource {
  /** The rows from `from` to before `to`, ordered as `EntrySource`, in batches, each gone through once. */
  readonly rows: (from: number, to: number) => AsyncIterable<Iterable<SegmentRow>> | Iterable<Iterable<SegmentRow>>
  /** Whether this is what the store keeps of a signature as the next row's copy. */
  readonly isCopyOf: (copy: Uint8Array, signature: Uint8Array) => boolean
}

const UNSURE = Symbol('unsure')

const isCopy = (row: SegmentRow, text: EntryText): boolean =>
  row.chain === text.chain &&
  row.sequence === text.sequence &&
  row.keyId === text.key &&
  row.intentId === text.intent &&
  row.at === text.at &&
  row.tenant === text.tenant &&
  row.division === text.division &&
  row.office === text.office &&
  row.operatorId === (text.operator?.id ?? null) &&
  row.operatorRole === (text.operator?.role ?? null) &&
  row.station === text.station &&
  row.action === text.action &&
  row.objectType === text.object.type &&
  row.objectId === text.object.id &&
  row.correlationId === text.correlationId

/** An entry with other than plain text in it: few chains have any, so its parser is loaded when it is needed. */
const parse = async (bytes: Uint8Array): Promise<EntryText> => (await import('./entry-read.ts')).parseEntryText(bytes)

/** Of a payload that is there and not said to be erased, as an entry writes it; null for any other. */
const digestOf = ({ salt, bytes, erasedAt, erasedBy, erasedRule }: StoredPayload): string | null => {
  const isMarked = erasedAt !== null || erasedBy !== null || erasedRule !== null
  return bytes === null || isMarked || salt.length !== SALT_BYTES ? null : payloadDigestText(salt, bytes)
}

/** Walks one segment; stops at the first thing a sound chain would not have. */
class SegmentWalk {
  readonly #task: SegmentTask
  readonly #source: SegmentSource
  readonly #keys: ReadonlyMap<string, AuditKey>
  readonly #held: HeldSignatures
  readonly #tree: MerkleFrontier
  readonly #events: SegmentEvent[] = []
  #expected: number
  #checkpoints = 0
  #first: string | null = null
  #last: Uint8Array | null = null
  #signer: string | null = null

  constructor(task: SegmentTask, source: SegmentSource, keys: ReadonlyMap<string, AuditKey>, held: HeldSignatures) {
    this.#task = task
    this.#source = source
    this.#keys = keys
    this.#held = held
    this.#expected = task.from
    this.#tree = task.edge ? MerkleFrontier.fromBytes(task.from, task.edge) : new MerkleFrontier()
  }

  async run(): Promise<SegmentOutcome> {
    const { from, to } = this.#task
    try {
      for await (const batch of this.#source.rows(from, to)) {
        for (const row of batch) {
          if (!this.#pass(row)) this.#step(row, scanEntry(row.bytes) ?? (await parse(row.bytes)))
        }
      }
      if (!this.#held.check()) throw UNSURE
    } catch {
      // What does not fit, what is of no type it could be, what cannot be read: the walk in order tells which.
      return { kind: 'unsure', sequence: this.#expected }
    }
    if (this.#expected !== to || this.#first === null || !this.#last) {
      return { kind: 'unsure', sequence: this.#expected }
    }
    const edge = this.#tree.toBytes()
    return { kind: 'walked', previous: this.#first, last: this.#last, edge, events: this.#events }
  }

  /**
   * Takes an entry that is the one next to the last and all it claims to be, and tells the walk nothing but its signer:
   * most are. False for any other, of which nothing is known then.
   */
  #pass(row: SegmentRow): boolean {
    const last = this.#last
    const [payload, second] = row.payloads
    if (last === null || !payload || second || TELLING.has(row.action)) return false
    if (row.chain !== this.#task.chain || row.sequence !== this.#expected) return false
    const key = this.#keys.get(row.keyId)
    if (!key || row.signature.length === 0 || !this.#source.isCopyOf(row.previousCopy, last)) return false
    const digest = digestOf(payload)
    if (digest === null) return false
    const { bytes } = row
    const text = bufferOf(bytes).toString('latin1')
    if (text !== columnsText(row, digest, encodeBase64url(last))) return false
    this.#take(row, key, false)
    this.#sign(row.sequence, row.keyId)
    this.#checkpoint(row.signature, true)
    return true
  }

  #step(row: SegmentRow, text: EntryText): void {
    if (text.chain !== this.#task.chain || text.sequence !== this.#expected || !isCopy(row, text)) throw UNSURE
    this.#link(row, text)
    const key = this.#keys.get(text.key)
    if (!key || row.signature.length === 0) throw UNSURE
    const isBringing = isAnnouncement(text)
    const payload = this.#payload(row, text)
    const before = isBringing ? this.#tree.toBytes() : null
    this.#take(row, key, isBringing)
    if (before) this.#announce(row, text, payload, before)
    else this.#tell(text, payload)
    this.#checkpoint(row.signature, !isBringing)
  }

  /** The entry is what the walk has come to; its signature is looked at later. */
  #take(row: SegmentRow, key: AuditKey, isBringing: boolean): void {
    const { everySignature, sizes } = this.#task
    // The tree holds no signatures: the last one under a checkpoint is checked, each before it is in the next entry.
    const isSealed = sizes[this.#checkpoints] === this.#expected + 1
    const isChecked = everySignature || isBringing || isSealed
    if (isChecked && !this.#held.add(key, row.bytes, row.signature)) throw UNSURE
    this.#tree.append(leafHash(row.bytes))
    this.#expected += 1
    this.#last = row.signature
  }

  #link(row: SegmentRow, text: EntryText): void {
    if (this.#last === null) {
      this.#first = text.previous
      const said = Buffer.from(text.previous, 'base64url')
      if (!this.#source.isCopyOf(row.previousCopy, said)) throw UNSURE
      return
    }
    const isNext = text.previous === encodeBase64url(this.#last)
    if (!isNext || !this.#source.isCopyOf(row.previousCopy, this.#last)) throw UNSURE
  }

  #payload(row: SegmentRow, text: EntryText): StoredPayload {
    const [payload, second] = row.payloads
    if (!payload || second) throw UNSURE
    if (payload.bytes === null) {
      const marks = readMarks(payload)
      if (typeof marks === 'string') throw UNSURE
      this.#erase(text.sequence, marks)
      return payload
    }
    if (digestOf(payload) !== text.payload) throw UNSURE
    return payload
  }

  #announce(row: SegmentRow, text: EntryText, payload: StoredPayload, edge: Uint8Array): void {
    const { sequence, key, object } = text
    const signature = Uint8Array.from(row.signature)
    const edges = { edge, edgeAfter: this.#tree.toBytes() }
    this.#events.push({
      kind: 'announcement',
      sequence,
      key,
      announced: object.id,
      payload: payload.bytes,
      signature,
      ...edges,
    })
    this.#signer = null
  }

  /** Whole stretches are erased alike: one event tells of many. */
  #erase(sequence: number, marks: ErasureMarks): void {
    const last = this.#events.at(-1)
    const isNext = last?.kind === 'erased' && last.to === sequence - 1 && findFalseMark(last.marks, marks) === null
    if (isNext) this.#events[this.#events.length - 1] = { ...last, to: sequence }
    else this.#events.push({ kind: 'erased', from: sequence, to: sequence, marks })
  }

  #sign(sequence: number, key: string): void {
    if (key !== this.#signer) this.#events.push({ kind: 'signer', sequence, key })
    this.#signer = key
  }

  #tell(text: EntryText, payload: StoredPayload): void {
    const { sequence, key } = text
    this.#sign(sequence, key)
    if (text.action !== 'Deletion') return
    const tombstone = tombstoneOf(text, payload.bytes)
    if (tombstone) this.#events.push({ kind: 'tombstone', ...tombstone })
    const cut = announcedCut(text)
    if (cut !== null) this.#events.push({ kind: 'cut', id: cut, sequence })
  }

  #checkpoint(last: Uint8Array, isChecked: boolean): void {
    const { sizes } = this.#task
    for (; sizes[this.#checkpoints] === this.#expected; this.#checkpoints += 1) {
      const [size, edge, signature] = [this.#expected, this.#tree.toBytes(), Uint8Array.from(last)]
      this.#events.push({ kind: 'checkpoint', size, edge, signature, isChecked })
    }
  }
}

/**
 * Checks all of a stretch of a chain that can be checked without what lies before it: form, order, links inside,
 * signatures by keys the chain knows, copies, payloads; and gives what must be joined to the rest (`joinSegment`).
 * Never calls sound what a walk in order would not.
 */
export const walkSegment = (
  task: SegmentTask,
  source: SegmentSource,
  keys: ReadonlyMap<string, AuditKey>,
  verify: VerifySignature,
): Promise<SegmentOutcome> => withHeldSignatures(verify, (held) => new SegmentWalk(task, source, keys, held).run())
