/** Sequences of erased payloads whose tombstone has not come: as ranges, since whole stretches are erased together. */
export class ErasedSet {
  readonly #from: number[]
  readonly #to: number[]

  constructor(ranges: readonly (readonly [number, number])[] = []) {
    this.#from = ranges.map(([from]) => from)
    this.#to = ranges.map(([, to]) => to)
  }

  /** Takes one more; they come in rising order. */
  add(sequence: number): void {
    const last = this.#to.length - 1
    if (this.#to[last] === sequence - 1) this.#to[last] = sequence
    else {
      this.#from.push(sequence)
      this.#to.push(sequence)
    }
  }

  /** Drops every sequence from `from` to `to`, both included. */
  drop(from: number, to: number): void {
    const first = this.#firstEndingAt(from)
    if (to < from) return
    let count = 0
    while ((this.#from[first + count] ?? Infinity) <= to) count += 1
    if (count === 0) return
    const kept: [number, number][] = []
    const [start, end] = [this.#from[first] ?? from, this.#to[first + count - 1] ?? to]
    if (start < from) kept.push([start, from - 1])
    if (end > to) kept.push([to + 1, end])
    this.#from.splice(first, count, ...kept.map(([begin]) => begin))
    this.#to.splice(first, count, ...kept.map(([, close]) => close))
  }

  /** Place of the first range that ends at `sequence` or later. */
  #firstEndingAt(sequence: number): number {
    let [low, high] = [0, this.#to.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#to[middle] ?? 0) < sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The lowest, or null when there is none. */
  first(): number | null {
    return this.#from[0] ?? null
  }

  /** First and last of each stretch, in rising order. */
  ranges(): readonly (readonly [number, number])[] {
    return this.#from.map((from, place) => [from, this.#to[place] ?? from] as const)
  }

  copy(): ErasedSet {
    return new ErasedSet(this.ranges())
  }
}
