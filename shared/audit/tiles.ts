import { AppError } from '../contract/errors.ts'
import { consistencyProof, nodeHash } from './merkle.ts'
import type { RangeHash } from './merkle.ts'

/**
 * The tree in tiles, as C2SP tlog-tiles cuts it: of each full block of 256 leaves only the root is stored, of each 256
 * such roots their root again, and so on. What lies inside a block is hashed anew from the entries when a proof needs
 * it, so the store grows by one hash for 256 entries and no proof reads more than a few blocks.
 */
const HEIGHT = 8
export const TILE_WIDTH = 2 ** HEIGHT

/** Hashes `from` (included) to `to` (excluded) of one level, all in one tile; level 0 are the leaves. */
export interface TileSpan {
  readonly level: number
  readonly from: number
  readonly to: number
}
export type ReadSpan = (span: TileSpan) => Promise<readonly Uint8Array[]>

/** A root that is to be stored: of the `position`th 256^level leaves. */
export interface TileHash {
  readonly level: number
  readonly position: number
  readonly hash: Uint8Array
}

const heightOf = (size: number): number => {
  let height = 0
  while (2 ** height < size) height += 1
  return height
}
const isPower = (size: number): boolean => 2 ** heightOf(size) === size

/** The hashes a full subtree is made of: those of the highest level whose blocks are not larger than it. */
const spanOf = (from: number, to: number): TileSpan => {
  const level = Math.floor(heightOf(to - from) / HEIGHT)
  const block = TILE_WIDTH ** level
  return { level, from: from / block, to: to / block }
}

const fold = (hashes: readonly Uint8Array[]): Uint8Array => {
  let row = hashes
  while (row.length > 1) {
    const above: Uint8Array[] = []
    for (let place = 0; place + 1 < row.length; place += 2) above.push(nodeHash(row[place]!, row[place + 1]!))
    row = above
  }
  const [root] = row
  if (!root) throw new AppError('INTERNAL', { reason: 'tile-empty' })
  return root
}

type IsCut = (from: number, to: number) => boolean
const never: IsCut = () => false

/** Walks a range as RFC 6962 splits it, down to full subtrees. */
const hashRange = (from: number, to: number, isCut: IsCut, full: RangeHash): Uint8Array => {
  if (isPower(to - from) && !isCut(from, to)) return full(from, to)
  const split = from + 2 ** (heightOf(to - from) - 1)
  return nodeHash(hashRange(from, split, isCut, full), hashRange(split, to, isCut, full))
}

const NOTHING = new Uint8Array(32)
const nameOf = ({ level, from }: TileSpan): string => `${level}/${Math.floor(from / TILE_WIDTH)}`

/** The full subtrees a tree of `size` leaves ends with, largest first: what `MerkleFrontier` keeps. */
export const edgeRanges = (size: number): readonly (readonly [number, number])[] => {
  const ranges: [number, number][] = []
  for (let from = 0; from < size;) {
    let width = 1
    while (width * 2 <= size - from) width *= 2
    ranges.push([from, from + width])
    from += width
  }
  return ranges
}

/**
 * What is known of entries that were removed: roots of `edgeRanges(size)`. Every proof of what is left needs no more.
 * `kept`: full subtrees of removed blocks, for proofs from smaller sizes (`consistencyRanges`).
 */
export interface RemovedTree {
  readonly size: number
  readonly edge: readonly Uint8Array[]
  readonly kept?: readonly KeptSubtree[]
}

/** A full subtree smaller than a block, and its root. */
export interface KeptSubtree {
  readonly range: SubtreeRange
  readonly hash: Uint8Array
}
/** Leaves `from` (included) to `to` (excluded) of a full subtree. */
export type SubtreeRange = readonly [from: number, to: number]

/**
 * What a consistency proof from `size` to any tree that fills the block `size` ends in asks of that block, so that it
 * can be made when the block's entries are gone. Nothing where `size` ends with a block; 16 subtrees at most.
 */
export const consistencyRanges = (size: number): readonly SubtreeRange[] => {
  const end = Math.ceil(size / TILE_WIDTH) * TILE_WIDTH
  if (end === size) return []
  const ranges = new Map<string, SubtreeRange>()
  const note = (from: number, to: number): Uint8Array =>
    hashRange(from, to, never, (low, high) => {
      if (high - low < TILE_WIDTH) ranges.set(`${low}-${high}`, [low, high])
      return NOTHING
    })
  consistencyProof(note, size, end)
  return [...ranges.values()]
}

const subtreesOf = (removed: RemovedTree | null): ReadonlyMap<string, Uint8Array> =>
  new Map([
    ...(removed?.kept ?? []).map(({ range: [from, to], hash }) => [`${from}-${to}`, hash] as const),
    ...edgeRanges(removed?.size ?? 0).map(
      ([from, to], place) => [`${from}-${to}`, removed?.edge[place] ?? NOTHING] as const,
    ),
  ])

/**
 * Runs `build` over range hashes of a stored tree. It is run twice, first to learn which hashes it asks for, so it must
 * ask for the same ranges whatever it is given. Each tile is read once, only as far as needed. `read` may throw.
 */
export const buildOverTiles = async <T>(
  build: (hash: RangeHash) => T,
  read: ReadSpan,
  removed: RemovedTree | null = null,
): Promise<T> => {
  const known = subtreesOf(removed)
  const first = removed?.size ?? 0
  /** A subtree of which some leaves were removed: its halves are known or there. */
  const isCut = (from: number, to: number): boolean => from < first && first < to
  const needed = new Map<string, TileSpan>()
  build((from, to) =>
    hashRange(from, to, isCut, (low, high) => {
      if (known.has(`${low}-${high}`)) return NOTHING
      const span = spanOf(low, high)
      const before = needed.get(nameOf(span)) ?? span
      const merged = { ...span, from: Math.min(before.from, span.from), to: Math.max(before.to, span.to) }
      needed.set(nameOf(span), merged)
      return NOTHING
    }),
  )
  const tiles = new Map<string, { readonly from: number; readonly hashes: readonly Uint8Array[] }>()
  for (const [name, span] of needed) tiles.set(name, { from: span.from, hashes: await read(span) })
  const full: RangeHash = (from, to) => {
    const given = known.get(`${from}-${to}`)
    if (given) return given
    const span = spanOf(from, to)
    const tile = tiles.get(nameOf(span))
    const hashes = tile?.hashes.slice(span.from - tile.from, span.to - tile.from) ?? []
    if (hashes.length !== span.to - span.from) throw new AppError('INTERNAL', { reason: 'tile-missing' })
    return fold(hashes)
  }
  return build((from, to) => hashRange(from, to, isCut, full))
}

/** A tree that grows leaf by leaf and says which block roots are complete. Memory grows with the logarithm of the size. */
export class TileBuilder {
  readonly #edge: { readonly height: number; readonly hash: Uint8Array }[]
  #size: number
  #made: TileHash[] = []

  /** `edge`: roots of `edgeRanges(size)`. */
  constructor(size = 0, edge: readonly Uint8Array[] = []) {
    const ranges = edgeRanges(size)
    if (ranges.length !== edge.length) throw new AppError('INTERNAL', { reason: 'tile-edge' })
    this.#size = size
    this.#edge = ranges.map(([from, to], place) => ({ height: heightOf(to - from), hash: edge[place] ?? NOTHING }))
  }

  get size(): number {
    return this.#size
  }

  append(leaf: Uint8Array): void {
    this.#size += 1
    let [height, hash] = [0, leaf]
    while (this.#edge.at(-1)?.height === height) {
      hash = nodeHash(this.#edge.pop()?.hash ?? NOTHING, hash)
      height += 1
      if (height % HEIGHT === 0) {
        this.#made.push({ level: height / HEIGHT, position: this.#size / 2 ** height - 1, hash })
      }
    }
    this.#edge.push({ height, hash })
  }

  /** The block roots completed since the last call. */
  takeMade(): readonly TileHash[] {
    const made = this.#made
    this.#made = []
    return made
  }

  /** One run of 32-byte hashes, as `MerkleFrontier.toBytes`. */
  edgeBytes(): Uint8Array {
    const whole = new Uint8Array(this.#edge.length * 32)
    for (const [place, { hash }] of this.#edge.entries()) whole.set(hash, place * 32)
    return whole
  }
}
