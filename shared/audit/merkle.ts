import { AppError } from '../contract/errors.ts'
import { sameBytes, sha256 } from './bytes.ts'

/** RFC 6962 2.1: leaves and nodes are hashed apart, so that a node cannot pass as a leaf. */
const LEAF = new Uint8Array([0])
const NODE = new Uint8Array([1])
const EMPTY = sha256()

export const leafHash = (data: Uint8Array): Uint8Array => sha256(LEAF, data)
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(NODE, left, right)

/** Largest power of two below n (n > 1): where RFC 6962 splits. Plain arithmetic: sizes may pass 2^32. */
const splitOf = (size: number): number => {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/** Hash of the leaves `from` (included) to `to` (excluded). */
export type RangeHash = (from: number, to: number) => Uint8Array

/** Range hashes over leaf hashes held in memory. */
export const rangeHashOf = (leaves: readonly Uint8Array[]): RangeHash => {
  const hash = (from: number, to: number): Uint8Array => {
    if (to - from === 0) return EMPTY
    if (to - from === 1) {
      const leaf = leaves[from]
      if (!leaf) throw new AppError('REQUEST_INVALID', { reason: 'tree-index' })
      return leaf
    }
    const split = from + splitOf(to - from)
    return nodeHash(hash(from, split), hash(split, to))
  }
  return hash
}

/**
 * The tree's right edge: the roots of its full subtrees, largest first. Enough to append and to tell the root, in
 * memory that grows with the logarithm of the size.
 */
export class MerkleFrontier {
  #size: number
  readonly #edge: Uint8Array[]

  constructor(size = 0, edge: readonly Uint8Array[] = []) {
    this.#size = size
    this.#edge = [...edge]
    if (edge.length !== bitsOf(size)) throw new AppError('REQUEST_INVALID', { reason: 'tree-edge' })
  }

  get size(): number {
    return this.#size
  }

  append(leaf: Uint8Array): void {
    let hash = leaf
    // As many full subtrees of equal size close as the old size has trailing one bits.
    for (let size = this.#size; size % 2 === 1; size = (size - 1) / 2) {
      hash = nodeHash(this.#edge.pop() ?? EMPTY, hash)
    }
    this.#edge.push(hash)
    this.#size += 1
  }

  /**
   * Appends what another frontier holds, which was begun empty at this place. Its full subtrees close here as they would
   * leaf by leaf, as long as this size is a multiple of the power of two at or above the other's.
   */
  join(other: MerkleFrontier): void {
    let left = other.#size
    for (const hash of other.#edge) {
      let span = 1
      while (span * 2 <= left) span *= 2
      this.#appendSubtree(hash, span)
      left -= span
    }
  }

  #appendSubtree(subtree: Uint8Array, span: number): void {
    if (this.#size % span !== 0) throw new AppError('REQUEST_INVALID', { reason: 'tree-edge' })
    let hash = subtree
    for (let size = this.#size / span; size % 2 === 1; size = (size - 1) / 2) {
      hash = nodeHash(this.#edge.pop() ?? EMPTY, hash)
    }
    this.#edge.push(hash)
    this.#size += span
  }

  root(): Uint8Array {
    const edge = [...this.#edge]
    let hash = edge.pop() ?? EMPTY
    while (edge.length > 0) hash = nodeHash(edge.pop() ?? EMPTY, hash)
    return hash
  }

  /** The edge as one run of 32-byte hashes, as it is stored. */
  toBytes(): Uint8Array {
    const whole = new Uint8Array(this.#edge.length * 32)
    for (const [place, hash] of this.#edge.entries()) whole.set(hash, place * 32)
    return whole
  }

  copy(): MerkleFrontier {
    return new MerkleFrontier(this.#size, this.#edge)
  }

  /** Throws REQUEST_INVALID (`tree-edge`) when the bytes do not fit the size. */
  static fromBytes(size: number, bytes: Uint8Array): MerkleFrontier {
    const edge: Uint8Array[] = []
    for (let offset = 0; offset < bytes.length; offset += 32) edge.push(bytes.slice(offset, offset + 32))
    return new MerkleFrontier(size, edge)
  }
}

const bitsOf = (size: number): number => {
  let count = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}

const assertRange = (low: number, value: number, high: number): void => {
  if (!Number.isSafeInteger(value) || value < low || value > high) {
    throw new AppError('REQUEST_INVALID', { reason: 'tree-index' })
  }
}

/** RFC 6962 2.1.1: proof that leaf `index` is in the tree of `size` leaves. */
export const inclusionProof = (hash: RangeHash, index: number, size: number): readonly Uint8Array[] => {
  assertRange(0, index, size - 1)
  const path = (from: number, to: number): Uint8Array[] => {
    if (to - from === 1) return []
    const split = from + splitOf(to - from)
    return index < split ? [...path(from, split), hash(split, to)] : [...path(split, to), hash(from, split)]
  }
  return path(0, size)
}

/** RFC 6962 2.1.2: proof that the tree of `size` leaves begins with the tree of `first` leaves. */
export const consistencyProof = (hash: RangeHash, first: number, size: number): readonly Uint8Array[] => {
  assertRange(0, first, size)
  const proof = (from: number, to: number, whole: boolean): Uint8Array[] => {
    if (first === to) return whole ? [] : [hash(from, to)]
    const split = from + splitOf(to - from)
    return first <= split
      ? [...proof(from, split, whole), hash(split, to)]
      : [...proof(split, to, false), hash(from, split)]
  }
  return first === 0 || first === size ? [] : proof(0, size, true)
}

const refused = (): AppError => new AppError('REQUEST_INVALID', { reason: 'proof' })

export interface InclusionClaim {
  readonly leaf: Uint8Array
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
}

/** RFC 9162 2.1.3.2. Throws REQUEST_INVALID (`proof`) unless the proof shows the claim. */
export const verifyInclusion = (claim: InclusionClaim, proof: readonly Uint8Array[]): void => {
  assertRange(0, claim.index, claim.size - 1)
  let [node, last] = [claim.index, claim.size - 1]
  let hash = claim.leaf
  for (const step of proof) {
    if (last === 0) throw refused()
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(step, hash)
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)]
    } else {
      hash = nodeHash(hash, step)
    }
    ;[node, last] = [Math.floor(node / 2), Math.floor(last / 2)]
  }
  if (last !== 0 || !sameBytes(hash, claim.root)) throw refused()
}

export interface TreeHead {
  readonly size: number
  readonly root: Uint8Array
}

/** RFC 9162 2.1.4.2. Throws REQUEST_INVALID (`proof`) unless `second` extends `first`. */
export const verifyConsistency = (first: TreeHead, second: TreeHead, proof: readonly Uint8Array[]): void => {
  assertRange(0, first.size, second.size)
  if (first.size === 0 || first.size === second.size) {
    const fits = first.size === 0 ? sameBytes(first.root, EMPTY) : sameBytes(first.root, second.root)
    if (proof.length > 0 || !fits) throw refused()
    return
  }
  let [node, last] = [first.size - 1, second.size - 1]
  while (node % 2 === 1) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)]
  // Where the first tree is one full subtree its root is the start, and is not in the proof.
  const steps = node === 0 ? [first.root, ...proof] : [...proof]
  const start = steps.shift()
  if (!start) throw refused()
  let [old, now] = [start, start]
  for (const step of steps) {
    if (last === 0) throw refused()
    if (node % 2 === 1 || node === last) {
      old = nodeHash(step, old)
      now = nodeHash(step, now)
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)]
    } else {
      now = nodeHash(now, step)
    }
    ;[node, last] = [Math.floor(node / 2), Math.floor(last / 2)]
  }
  if (last !== 0 || !sameBytes(old, first.root) || !sameBytes(now, second.root)) throw refused()
}
