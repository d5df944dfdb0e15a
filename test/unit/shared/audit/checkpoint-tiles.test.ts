import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  MerkleFrontier,
  consistencyProof,
  inclusionProof,
  leafHash,
  rangeHashOf,
  verifyConsistency,
  verifyInclusion,
} from '../../../../shared/audit/merkle.ts'
import {
  TILE_WIDTH,
  TileBuilder,
  buildOverTiles,
  consistencyRanges,
  edgeRanges,
} from '../../../../shared/audit/tiles.ts'
import type { ReadSpan, TileSpan } from '../../../../shared/audit/tiles.ts'

const SIZE = 70_001
const leaves = Array.from({ length: SIZE }, (_, at) => leafHash(createHash('sha256').update(`${at}`).digest()))

/** A store of block roots as the server keeps one, leaves hashed anew. */
const built = (() => {
  const builder = new TileBuilder()
  const frontier = new MerkleFrontier()
  const stored = new Map<string, Uint8Array>()
  const roots = new Map<number, Uint8Array>()
  for (const leaf of leaves) {
    builder.append(leaf)
    frontier.append(leaf)
    for (const { level, position, hash } of builder.takeMade()) stored.set(`${level}/${position}`, hash)
    if (builder.size < 600 || builder.size % 997 === 0 || builder.size === SIZE)
      roots.set(builder.size, frontier.root())
  }
  return { builder, frontier, stored, roots }
})()

const spans: TileSpan[] = []
const readFrom =
  (first: number): ReadSpan =>
  (span) => {
    spans.push(span)
    const { level, from, to } = span
    if (level === 0 && from < first) return Promise.reject(new Error('removed'))
    if (Math.floor(from / TILE_WIDTH) !== Math.floor((to - 1) / TILE_WIDTH)) return Promise.reject(new Error('tiles'))
    const hashes = Array.from({ length: to - from }, (_, at) =>
      level === 0 ? leaves[from + at] : built.stored.get(`${level}/${from + at}`),
    )
    return Promise.resolve(hashes.filter((hash) => hash !== undefined))
  }

const root = (size: number): Uint8Array => {
  const known = built.roots.get(size) ?? rangeHashOf(leaves)(0, size)
  built.roots.set(size, known)
  return known
}

describe('a tree kept as roots of full blocks', () => {
  it('keeps one hash for 256 entries, and grows as the frontier does', () => {
    expect(built.stored.size).toBe(Math.floor(SIZE / 256) + Math.floor(SIZE / 65_536))
    expect(built.builder.edgeBytes()).toEqual(built.frontier.toBytes())
  })

  it.each([1, 2, 255, 256, 257, 300, 511, 512, 513, 4097, 65_535, 65_536, 65_537, 70_000, SIZE])(
    'proves entries in the tree of %i',
    async (size) => {
      for (const index of new Set([0, 1, 255, 256, 300, size >> 1, size - 2, size - 1])) {
        if (index < 0 || index >= size) continue
        const proof = await buildOverTiles((hash) => inclusionProof(hash, index, size), readFrom(0))
        verifyInclusion({ leaf: leaves[index]!, index, size, root: root(size) }, proof)
      }
    },
  )

  it.each([
    [1, 2],
    [255, 256],
    [256, 512],
    [257, 600],
    [300, 70_001],
    [511, 65_536],
    [4096, 65_537],
    [65_536, 70_001],
    [69_999, 70_001],
  ])('proves that %i grew to %i', async (first, size) => {
    const proof = await buildOverTiles((hash) => consistencyProof(hash, first, size), readFrom(0))
    verifyConsistency({ size: first, root: root(first) }, { size, root: root(size) }, proof)
  })

  it('reads a few tiles for any proof', async () => {
    spans.length = 0
    await buildOverTiles((hash) => inclusionProof(hash, 12_345, SIZE), readFrom(0))
    expect(spans.length).toBeLessThanOrEqual(6)
  })

  it('goes on from any size', async () => {
    for (const size of [0, 1, 255, 256, 300, 65_600]) {
      const edge = await buildOverTiles((hash) => edgeRanges(size).map(([from, to]) => hash(from, to)), readFrom(0))
      const builder = new TileBuilder(size, edge)
      for (const leaf of leaves.slice(size)) builder.append(leaf)
      expect(builder.edgeBytes()).toEqual(built.frontier.toBytes())
    }
  })

  it('proves what is left after a cut from what the cut kept', async () => {
    const cut = 1000
    const edge = await buildOverTiles((hash) => edgeRanges(cut).map(([from, to]) => hash(from, to)), readFrom(0))
    const known = { size: cut, edge }
    for (const index of [1000, 1001, 1023, 1024, 50_000]) {
      const proof = await buildOverTiles((hash) => inclusionProof(hash, index, SIZE), readFrom(cut), known)
      verifyInclusion({ leaf: leaves[index]!, index, size: SIZE, root: root(SIZE) }, proof)
    }
    const proof = await buildOverTiles((hash) => consistencyProof(hash, cut, SIZE), readFrom(cut), known)
    verifyConsistency({ size: cut, root: root(cut) }, { size: SIZE, root: root(SIZE) }, proof)
    await expect(buildOverTiles((hash) => inclusionProof(hash, 999, SIZE), readFrom(cut), known)).rejects.toThrow(
      'removed',
    )
  })
})

describe('what a consistency proof asks of the block its smaller tree ends in', () => {
  it.each([0, 256, 512, 65_536])('is nothing where that ends with a block: %i', (size) => {
    expect(consistencyRanges(size)).toEqual([])
  })

  it('is the same whatever the larger tree, and never more than 16 subtrees', () => {
    for (let size = 1; size < 3 * TILE_WIDTH; size += 1) {
      const ranges = new Set(consistencyRanges(size).map(([from, to]) => `${from}-${to}`))
      expect(ranges.size).toBeLessThanOrEqual(16)
      const end = Math.ceil(size / TILE_WIDTH) * TILE_WIDTH
      for (const larger of [end, end + 1, end + 255, end + 256, 2000, 65_536, 100_001]) {
        if (larger <= size) continue
        const asked: string[] = []
        consistencyProof(
          (from, to) => {
            if (from >= end - TILE_WIDTH && to <= end && to - from < TILE_WIDTH) asked.push(`${from}-${to}`)
            return new Uint8Array(32)
          },
          size,
          larger,
        )
        // Those of a block's right edge are asked for in one, where the tree ends there.
        for (const range of asked) expect([size, larger, ranges.has(range)]).toEqual([size, larger, true])
      }
    }
  })
})
