import type { ErasureMarks, MarkColumn } from './marks.ts'
import { findFalseMark } from './marks.ts'

/** A stretch erased by one act. `wrong`: the mark a tombstone that covered it said otherwise, or null. */
export interface ErasedRange {
  readonly from: number
  readonly to: number
  readonly marks: ErasureMarks
  readonly wrong: MarkColumn | null
}

const isAlike = (left: ErasedRange, marks: ErasureMarks): boolean =>
  left.wrong === null && findFalseMark(left.marks, marks) === null

/**
 * Sequences of erased payloads whose tombstone has not come, with the marks it must agree with: as ranges, since whole
 * stretches are erased together.
 */
export class ErasedSet {
  readonly #ranges: ErasedRange[]

  constructor(ranges: readonly ErasedRange[] = []) {
    this.#ranges = [...ranges]
  }

  /** Takes one more, or a stretch; they come in rising order. */
  add(from: number, marks: ErasureMarks, to = from): void {
    const last = this.#ranges.at(-1)
    if (last?.to === from - 1 && isAlike(last, marks)) this.#ranges[this.#ranges.length - 1] = { ...last, to }
    else this.#ranges.push({ from, to, marks, wrong: null })
  }

  /** Drops what lies from `from` to `to`, both included, and has these marks; what has others stays and is told of. */
  drop(from: number, to: number, marks: ErasureMarks): void {
    if (to < from) return
    const first = this.#firstEndingAt(from)
    const left: ErasedRange[] = []
    let count = 0
    for (let range = this.#ranges[first]; range && range.from <= to; range = this.#ranges[first + count]) {
      count += 1
      if (range.from < from) left.push({ ...range, to: from - 1 })
      const wrong = findFalseMark(range.marks, marks)
      if (wrong) left.push({ ...range, from: Math.max(range.from, from), to: Math.min(range.to, to), wrong })
      if (range.to > to) left.push({ ...range, from: to + 1 })
    }
    if (count > 0) this.#ranges.splice(first, count, ...left)
  }

  /** Place of the first range that ends at `sequence` or later. */
  #firstEndingAt(sequence: number): number {
    let [low, high] = [0, this.#ranges.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ranges[middle]?.to ?? 0) < sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The lowest stretch, or null when there is none. */
  first(): ErasedRange | null {
    return this.#ranges[0] ?? null
  }

  /** Each stretch, in rising order. */
  ranges(): readonly ErasedRange[] {
    return this.#ranges
  }

  copy(): ErasedSet {
    return new ErasedSet(this.#ranges)
  }
}
