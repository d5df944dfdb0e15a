import { sameBytes } from '../../shared/audit/bytes.ts'
import { leafHash, verifyInclusion, type InclusionClaim } from '../../shared/audit/merkle.ts'
import { SALT_BYTES, payloadDigest } from '../../shared/audit/payload-digest.ts'
import { AppError } from '../../shared/contract/errors.ts'
import { CompactRange } from '../../shared/exports/compact-range.ts'
import { disclosedFrame, headerFrame, hiddenLine, type LineFrame } from '../../shared/exports/evidence-line.ts'
import type { FileSink, Written } from './file-sink.ts'
import type { PieceRow } from './row-piece.ts'
import type { StretchEdges } from './stretch-edges.ts'
import type { SealedChain } from './write-task.ts'

export interface EvidenceChain extends SealedChain {
  /** Of a stretch with a line for each sequence, and where it begins: its leaves make the root. */
  readonly stretch: (StretchEdges & { readonly from: number }) | null
}

const broken = (chain: string, sequence: number, reason: string, cause?: unknown): AppError =>
  new AppError('EXPORT_CHAIN_BROKEN', { chain, sequence, reason }, cause === undefined ? {} : { cause })

/** The evidence of one chain: its lines, and that they are what was signed and what its checkpoint covers. */
export class EvidenceWriter {
  readonly #chain: EvidenceChain
  readonly #sink: FileSink
  readonly #tree: CompactRange | null

  constructor(chain: EvidenceChain, sink: FileSink) {
    this.#chain = chain
    this.#sink = sink
    this.#tree = chain.stretch && new CompactRange(chain.stretch.from, chain.stretch.left)
  }

  /** Throws EXPORT_CHAIN_BROKEN (`payload`, `inclusion`), EXPORT_DISK_FULL. */
  line(row: PieceRow): void {
    const leaf = leafHash(row.body)
    this.#tree?.append(leaf)
    if (row.kind === 'hidden') return this.#sink.text(hiddenLine(row.sequence, leaf))
    if (row.kind === 'header') return this.#put(headerFrame(row), row.body, null)
    this.#assertPayload(row)
    const { size, root } = this.#chain
    if (row.path !== null) this.#assertIncluded({ leaf, index: row.sequence, size, root }, row.path)
    this.#put(disclosedFrame(row, row.path), row.body, row.payload)
  }

  /** Durable when it returns. What is signed is what the chain's own checkpoint covers, or nothing is: EXPORT_CHAIN_BROKEN. */
  close(): Written {
    const { chain, stretch, size, root } = this.#chain
    if (stretch && this.#tree && !sameBytes(this.#tree.close(stretch.right, size), root))
      throw broken(chain, stretch.from, 'root')
    return this.#sink.close()
  }

  #put({ before, between, after }: LineFrame, body: Uint8Array, payload: Uint8Array | null): void {
    this.#sink.text(before)
    this.#sink.bytes(body)
    this.#sink.text(between)
    if (payload) this.#sink.bytes(payload)
    this.#sink.text(after)
  }

  /** The payload is the one the entry was made for. */
  #assertPayload({ payload, salt, digest, sequence }: PieceRow): void {
    if (payload === null) return
    const isSame = salt.length === SALT_BYTES && sameBytes(payloadDigest(salt, payload), digest)
    if (!isSame) throw broken(this.#chain.chain, sequence, 'payload')
  }

  #assertIncluded(claim: InclusionClaim, path: readonly Uint8Array[]): void {
    try {
      verifyInclusion(claim, path)
    } catch (cause) {
      throw broken(this.#chain.chain, claim.index, 'inclusion', cause)
    }
  }
}
