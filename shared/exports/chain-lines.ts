import { concatBytes, sameBytes } from '../audit/bytes.ts'
import { parseEntryText } from '../audit/entry-read.ts'
import { scanEntry } from '../audit/entry-scan.ts'
import type { EntryText } from '../audit/entry-scan.ts'
import { ErasedSet } from '../audit/erased-set.ts'
import { commitsTo } from '../audit/key-ring.ts'
import { isAnnouncement, tombstoneOf } from '../audit/marks.ts'
import { leafHash, verifyInclusion, MerkleFrontier } from '../audit/merkle.ts'
import { fromBase64 } from '../audit/note-key.ts'
import { genesisOf } from '../audit/link.ts'
import { parsePayload, payloadDigest, SALT_BYTES } from '../audit/payload.ts'
import type { VerifySignature } from '../audit/crypto.ts'
import { announcedCut, openCut, parseCut, type CutStart } from '../audit/cut.ts'
import { AppError } from '../contract/errors.ts'
import type { Completeness } from '../contract/routes/exports.ts'
import type { OpenedChain } from './chain-note.ts'
import { CompactRange } from './compact-range.ts'
import { readEvidenceLine, type EvidenceLine } from './evidence-read.ts'
import { KeyWindow } from './key-window.ts'
import { rowOf } from './row-of.ts'
import { base64urlOf, type ExportRow } from './row.ts'
import type { SignatureJob } from './signature-pool.ts'

/** Where the lines of a chain are not what the checkpoint, the manifest or each other say. */
export interface LineFault {
  readonly sequence: number
  readonly what: string
}

/** A line that fits: for rendering and completeness, and its signature for whoever checks it. */
export interface CheckedLine {
  readonly kind: EvidenceLine['kind']
  readonly sequence: number
  readonly entry: EntryText | null
  readonly row: ExportRow | null
  readonly job: SignatureJob | null
}

interface LinesOptions {
  readonly chain: OpenedChain
  readonly completeness: Completeness
  readonly verify: VerifySignature
}

class Fault extends Error {
  readonly what: string
  constructor(what: string) {
    super(what)
    this.what = what
  }
}
const wrong = (what: string): never => {
  throw new Fault(what)
}

/**
 * The lines of one chain, in order, against its checkpoint: framing, canonical form, payload digest, place, link to the
 * signature before, signer, and the leaf's place in the tree. The first fault is kept; after it nothing is checked.
 */
export class ChainLines {
  readonly #options: LinesOptions
  readonly #hasPaths: boolean
  #window: KeyWindow
  readonly #erased = new ErasedSet()
  /** Of a chain that is there from its beginning: what announcements commit to. */
  #tree: MerkleFrontier | null = null
  #range: CompactRange | null = null
  #cut: CutStart | null = null
  #isCutAnnounced = true
  /** Base64url of the signature of the line before, where it is known. */
  #previous: string | null = null
  #next: number | null = null
  #first: number | null = null
  #last: number | null = null
  #fault: LineFault | null = null
  readonly counts = { disclosed: 0, headers: 0, hidden: 0, erased: 0 }

  constructor(options: LinesOptions) {
    this.#options = options
    this.#hasPaths = options.completeness === 'inclusion'
    this.#window = new KeyWindow(options.chain.keys.all)
    try {
      this.#open()
    } catch (error) {
      this.#fail(0, error)
    }
  }

  get fault(): LineFault | null {
    return this.#fault
  }
  get first(): number | null {
    return this.#first
  }
  get last(): number | null {
    return this.#last
  }
  /** Where the chain begins: 0, or behind its cut. */
  get beginning(): number {
    return this.#cut?.statement.size ?? 0
  }

  #open(): void {
    const { chain, completeness, verify } = this.#options
    const { file, keys } = chain
    if (this.#hasPaths !== (file.range === null)) wrong('range')
    if (file.cut) {
      const context = { keys: keys.all, trustedKeyIds: new Set([keys.rootKeyId]), verify }
      const stored = {
        size: parseCut(fromBase64(file.cut.statement)).size,
        statement: fromBase64(file.cut.statement),
        signature: fromBase64(file.cut.signature),
        note: file.cut.note,
      }
      const cut = openCut(stored, file.chain, context)
      if ('kind' in cut) return wrong(cut.what)
      if (!cut.keys.trusted) wrong('cut.keys')
      this.#cut = cut
    }
    if (!file.range) return
    const { from, to, left } = file.range
    if (to < from || to >= chain.checkpoint.size || from < this.beginning) wrong('range')
    this.#range = new CompactRange(from, left.map(fromBase64))
    this.#next = from
    if (from === this.beginning) {
      this.#previous = base64urlOf(this.#cut?.statement.last ?? genesisOf(file.chain))
      this.#tree = this.#cut?.tree.copy() ?? new MerkleFrontier()
      const { key, epoch } = this.#cut?.statement ?? { key: keys.rootKeyId, epoch: null }
      this.#window = new KeyWindow(keys.all, { root: key, epoch })
    }
    if (completeness !== 'whole') return
    if (from !== this.beginning || to !== chain.checkpoint.size - 1) wrong('range')
    this.#isCutAnnounced = this.#cut === null
    // One tree is enough where announcements and checkpoint speak of the same leaves, all of which have lines.
    const edge = concatBytes(...left.map(fromBase64))
    if (!this.#tree || !sameBytes(this.#tree.toBytes(), edge)) wrong('root')
    this.#range = null
  }

  /** One line without its newline; null once there is a fault. */
  take(line: Uint8Array): CheckedLine | null {
    if (this.#fault) return null
    const expected = this.#next ?? (this.#last === null ? 0 : this.#last + 1)
    try {
      const checked = this.#check(readEvidenceLine(line, this.#hasPaths))
      this.#first ??= checked.sequence
      this.#last = checked.sequence
      return checked
    } catch (error) {
      this.#fail(expected, error)
      return null
    }
  }

  /** For what is wrong between lines. */
  refuse(what: string): void {
    this.#fault ??= { sequence: this.#next ?? (this.#last ?? -1) + 1, what }
  }

  /** After the last line: the root that follows from them all is the checkpoint's. */
  end(): void {
    if (this.#fault) return
    try {
      this.#close()
    } catch (error) {
      this.#fail(this.#next ?? this.#last ?? 0, error)
    }
  }

  /** Erased payloads whose tombstone did not come: in a chain that is whole there are none. */
  get unburied(): number {
    return this.#erased.ranges().reduce((count, { from, to }) => count + to - from + 1, 0)
  }

  #close(): void {
    const { chain, completeness } = this.#options
    const { range } = chain.file
    if (!range) return
    if (this.#next !== range.to + 1) wrong('missing')
    if (!sameBytes(this.#root(range), chain.checkpoint.root)) wrong('root')
    if (completeness !== 'whole') return
    if (this.#erased.first() !== null) wrong('erased')
    if (!this.#isCutAnnounced) wrong('cut')
  }

  /** Of all that the checkpoint covers, from the lines and what lies beside them. */
  #root({ right }: { readonly right: readonly string[] }): Uint8Array {
    const hashes = right.map(fromBase64)
    if (this.#range) return this.#range.close(hashes, this.#options.chain.checkpoint.size)
    if (!this.#tree || hashes.length > 0) return wrong('root')
    return this.#tree.root()
  }

  #check(line: EvidenceLine): CheckedLine {
    return line.kind === 'hidden' ? this.#hidden(line) : this.#entry(line)
  }

  #hidden({ sequence, leaf }: Extract<EvidenceLine, { kind: 'hidden' }>): CheckedLine {
    if (this.#options.completeness !== 'headers') wrong('kind')
    this.#place(sequence)
    this.#append(leaf)
    // What it was signed with, and whether it brought in a key, is not to be known.
    this.#previous = null
    this.#tree = null
    this.#window.forget()
    this.counts.hidden += 1
    return { kind: 'hidden', sequence, entry: null, row: null, job: null }
  }

  #entry(line: Exclude<EvidenceLine, { kind: 'hidden' }>): CheckedLine {
    const { chain, completeness } = this.#options
    const row = line.kind === 'disclosed' ? disclosedRow(line) : null
    const entry = row?.entry ?? scanEntry(line.body) ?? parseEntryText(line.body)
    const { sequence } = entry
    if (entry.chain !== chain.file.chain) wrong('chain')
    if (line.kind === 'header' && (completeness === 'whole' || completeness === 'inclusion')) wrong('kind')
    this.#place(sequence)
    if (this.#previous !== null && entry.previous !== this.#previous) wrong('previous')
    const signer = this.#window.take(entry)
    if (typeof signer === 'string') return wrong(signer)
    const leaf = leafHash(line.body)
    if (line.kind === 'disclosed') this.#disclosed(line, entry, leaf)
    else this.counts.headers += 1
    this.#announcement(entry, line.kind === 'disclosed' ? line.payload : undefined)
    this.#append(leaf)
    const job = { spki: signer.spki, body: line.body, signature: line.signature }
    if (this.#hasPaths) this.#window.forget()
    else this.#previous = line.signatureText
    return { kind: line.kind, sequence, entry, row, job }
  }

  #place(sequence: number): void {
    if (this.#next !== null) {
      if (sequence !== this.#next) wrong('sequence')
      this.#next = sequence + 1
    } else if (this.#last !== null && sequence <= this.#last) wrong('sequence')
    if (sequence >= this.#options.chain.checkpoint.size) wrong('sequence')
  }

  #append(leaf: Uint8Array): void {
    this.#range?.append(leaf)
    this.#tree?.append(leaf)
  }

  #disclosed(line: Extract<EvidenceLine, { kind: 'disclosed' }>, entry: EntryText, leaf: Uint8Array): void {
    const { size, root } = this.#options.chain.checkpoint
    this.counts.disclosed += 1
    if (line.inclusion) {
      try {
        verifyInclusion({ leaf, index: entry.sequence, size, root }, line.inclusion)
      } catch (error) {
        if (error instanceof AppError) wrong('inclusion')
        throw error
      }
    }
    if (line.payload === null) {
      if (!line.erased) return wrong('payload')
      this.counts.erased += 1
      this.#erased.add(entry.sequence, line.erased)
      return
    }
    // The salted digest is what the signed entry says of its payload.
    const isOwn =
      line.salt.length === SALT_BYTES && base64urlOf(payloadDigest(line.salt, line.payload)) === entry.payload
    if (!isOwn) wrong('payload')
    parsePayload(line.payload)
    const tombstone = tombstoneOf(entry, line.payload)
    if (tombstone) this.#erased.drop(tombstone.from, tombstone.to, tombstone.marks)
  }

  /** Announcements sign the whole past; a cut must be announced under the key that signed it. */
  #announcement(entry: EntryText, payload: Uint8Array | null | undefined): void {
    if (payload !== undefined && this.#tree && isAnnouncement(entry) && !commitsTo(payload, this.#tree)) wrong('tree')
    if (!this.#cut || announcedCut(entry) !== this.#cut.id) return
    if (this.#window.root !== this.#cut.statement.signedBy) wrong('cut')
    this.#isCutAnnounced = true
  }

  #fail(sequence: number, error: unknown): void {
    if (error instanceof Fault) this.#fault = { sequence, what: error.what }
    else if (error instanceof AppError && error.code === 'REQUEST_INVALID') {
      const { reason } = error.detail
      this.#fault = { sequence, what: typeof reason === 'string' ? reason : 'format' }
    } else throw error
  }
}

const disclosedRow = ({
  body,
  payload,
  signature,
  signatureText,
  salt,
  erased,
}: Extract<EvidenceLine, { kind: 'disclosed' }>): ExportRow => {
  const marks = { erasedAt: erased?.at ?? null, erasedBy: erased?.by ?? null, erasedRule: erased?.rule ?? null }
  return rowOf({ bytes: body, signature, signatureText, payloads: [{ salt, bytes: payload, ...marks }] })
}
