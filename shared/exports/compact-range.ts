import { nodeHash } from '../audit/merkle.ts'
import { edgeRanges } from '../audit/tiles.ts'
import { AppError } from '../contract/errors.ts'

export { edgeRanges } from '../audit/tiles.ts'

/** What lies behind a stretch: the subtrees of RFC 6962 from `from` (included) to `size` (excluded), left to right. */
export const rightRanges = (from: number, size: number): readonly (readonly [number, number])[] => {
  const ranges: [number, number][] = []
  for (let at = from; at < size;) {
    let width = 1
    // The largest that begins here and ends within the tree.
    while (at % (width * 2) === 0 && at + width * 2 <= size) width *= 2
    ranges.push([at, at + width])
    at += width
  }
  return ranges
}

const refused = (): AppError => new AppError('REQUEST_INVALID', { reason: 'compact-range' })

/** A tree of which only a stretch is known, and the roots of what lies before and behind. Memory: logarithm of the size. */
export class CompactRange {
  readonly #edge: { readonly width: number; readonly hash: Uint8Array }[] = []
  #size: number

  /** `left`: roots of `edgeRanges(from)`. Throws REQUEST_INVALID (`compact-range`) for another number of them. */
  constructor(from: number, left: readonly Uint8Array[]) {
    const ranges = edgeRanges(from)
    if (ranges.length !== left.length) throw refused()
    this.#size = from
    for (const [place, [start, end]] of ranges.entries()) {
      const hash = left[place]
      if (hash?.length !== 32) throw refused()
      this.#edge.push({ width: end - start, hash })
    }
  }

  get size(): number {
    return this.#size
  }

  append(leaf: Uint8Array): void {
    this.#push(1, leaf)
  }

  /** `right`: roots of `rightRanges(size, whole)`. Gives the root of `whole` leaves. */
  close(right: readonly Uint8Array[], whole: number): Uint8Array {
    const ranges = rightRanges(this.#size, whole)
    if (ranges.length !== right.length) throw refused()
    for (const [place, [start, end]] of ranges.entries()) {
      const hash = right[place]
      if (hash?.length !== 32) throw refused()
      this.#push(end - start, hash)
    }
    let root = this.#edge.pop()?.hash
    if (!root) throw refused()
    for (let left = this.#edge.pop(); left; left = this.#edge.pop()) root = nodeHash(left.hash, root)
    return root
  }

  #push(span: number, subtree: Uint8Array): void {
    this.#size += span
    let [width, hash] = [span, subtree]
    for (let last = this.#edge.at(-1); last?.width === width; last = this.#edge.at(-1)) {
      hash = nodeHash(last.hash, hash)
      width *= 2
      this.#edge.pop()
    }
    this.#edge.push({ width, hash })
  }
}
