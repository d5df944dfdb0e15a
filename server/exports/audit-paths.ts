import type { Kysely } from 'kysely'
import { inclusionProof, leafHash, nodeHash, type RangeHash } from '../../shared/audit/merkle.ts'
import { edgeRanges, TILE_WIDTH } from '../../shared/audit/tiles.ts'
import { AppError } from '../../shared/contract/errors.ts'
import { readRemoved } from '../audit/checkpoint-tree.ts'
import { readEntryBytes, readTreeHashes } from '../db/repositories/audit-checkpoints.ts'
import type { AuditDb } from '../db/schema.ts'

type Reader = Kysely<AuditDb>
const KEPT_NODES = 65_536

const missing = (sequence: number): AppError =>
  new AppError('AUDIT_PROOF_UNAVAILABLE', { reason: 'entry-missing', sequence })

/** Half of a range, as RFC 6962 splits it. */
const splitOf = (size: number): number => {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/**
 * Audit paths (RFC 9162 2.1.3.1) of many entries of one chain, asked for in order: block roots are read once, the entries
 * of a block once, and every node is hashed once. Memory: 32 bytes for 256 entries of the chain, and some nodes.
 */
export class AuditPaths {
  readonly #db: Reader
  readonly #chain: string
  readonly #size: number
  readonly #known: ReadonlyMap<string, Uint8Array>
  readonly #first: number
  readonly #blocks: readonly Uint8Array[]
  readonly #firstBlock: number
  readonly #tail: readonly Uint8Array[]
  readonly #nodes = new Map<string, Uint8Array>()
  readonly #inner = new Map<string, Uint8Array>()
  #block = -1
  #leaves: readonly Uint8Array[] = []
  #from = 0

  private constructor(
    of: { readonly db: Reader; readonly chain: string; readonly size: number },
    parts: {
      readonly known: ReadonlyMap<string, Uint8Array>
      readonly first: number
      readonly firstBlock: number
      readonly blocks: readonly Uint8Array[]
      readonly tail: readonly Uint8Array[]
    },
  ) {
    this.#db = of.db
    this.#chain = of.chain
    this.#size = of.size
    this.#known = parts.known
    this.#first = parts.first
    this.#firstBlock = parts.firstBlock
    this.#blocks = parts.blocks
    this.#tail = parts.tail
  }

  /** To the tree of `size` entries. Throws AUDIT_PROOF_UNAVAILABLE (`entry-missing`). */
  static async open(db: Reader, chain: string, size: number): Promise<AuditPaths> {
    const removed = await readRemoved(db, chain)
    const first = removed?.size ?? 0
    const ranges = edgeRanges(first).map(([from, to], place) => [`${from}-${to}`, removed?.edge[place]] as const)
    const known = new Map(ranges.flatMap(([name, hash]) => (hash ? [[name, hash] as const] : [])))
    const full = Math.floor(size / TILE_WIDTH)
    const firstBlock = Math.ceil(first / TILE_WIDTH)
    const blocks = await readTreeHashes(db, chain, { level: 1, from: firstBlock, to: full })
    if (blocks.length !== Math.max(0, full - firstBlock)) throw missing((firstBlock + blocks.length) * TILE_WIDTH)
    const start = Math.max(first, full * TILE_WIDTH)
    const tail = (await readEntryBytes(db, chain, start, size)).map(leafHash)
    if (tail.length !== size - start) throw missing(start + tail.length)
    return new AuditPaths({ db, chain, size }, { known, first, firstBlock, blocks, tail })
  }

  async of(sequence: number): Promise<readonly Uint8Array[]> {
    await this.#load(Math.floor(sequence / TILE_WIDTH))
    return inclusionProof(this.#hash, sequence, this.#size)
  }

  async #load(block: number): Promise<void> {
    if (block === this.#block) return
    this.#inner.clear()
    this.#block = block
    this.#from = Math.max(this.#first, block * TILE_WIDTH)
    const to = Math.min(this.#size, (block + 1) * TILE_WIDTH)
    const isTail = to === this.#size && this.#size % TILE_WIDTH !== 0
    this.#leaves = isTail ? this.#tail : (await readEntryBytes(this.#db, this.#chain, this.#from, to)).map(leafHash)
    if (this.#leaves.length !== to - this.#from) throw missing(this.#from + this.#leaves.length)
  }

  readonly #hash: RangeHash = (from, to) => {
    const given = this.#first > from ? this.#known.get(`${from}-${to}`) : undefined
    if (given) return given
    const width = to - from
    if (width === TILE_WIDTH && from % TILE_WIDTH === 0 && from / TILE_WIDTH >= this.#firstBlock) {
      const root = this.#blocks[from / TILE_WIDTH - this.#firstBlock]
      if (!root) throw missing(from)
      return root
    }
    if (width === 1) return this.#leaf(from)
    const nodes = width < TILE_WIDTH ? this.#inner : this.#nodes
    const name = `${from}-${to}`
    const known = nodes.get(name)
    if (known) return known
    const split = from + splitOf(width)
    const made = nodeHash(this.#hash(from, split), this.#hash(split, to))
    if (nodes.size >= KEPT_NODES) nodes.clear()
    nodes.set(name, made)
    return made
  }

  #leaf(sequence: number): Uint8Array {
    const inBlock = this.#leaves[sequence - this.#from]
    if (inBlock && Math.floor(sequence / TILE_WIDTH) === this.#block) return inBlock
    const inTail = this.#tail[sequence - (this.#size - this.#tail.length)]
    if (!inTail) throw missing(sequence)
    return inTail
  }
}
