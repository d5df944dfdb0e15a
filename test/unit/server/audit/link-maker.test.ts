import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { checkIntent } from '../../../../server/audit/intent.ts'
import { layOut } from '../../../../server/audit/entry-run.ts'
import { joinLinks, prepareLinks } from '../../../../server/audit/link-maker.ts'
import type { Draft, Joined } from '../../../../server/audit/link-maker.ts'
import { sealLinks } from '../../../../server/audit/link-sealer.ts'
import type { SealedEnd } from '../../../../server/audit/link-sealer.ts'
import { MerkleFrontier } from '../../../../shared/audit/merkle.ts'
import { CHAIN, newIntent } from './chain-bench.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const treeOf = (size: number): MerkleFrontier => {
  const tree = new MerkleFrontier()
  for (let leaf = 0; leaf < size; leaf += 1) tree.append(new Uint8Array(32).fill(leaf))
  return tree
}
const draft: Draft = { chain: CHAIN, sequence: 6, signature: new Uint8Array(64).fill(1), tree: treeOf(7) }
const ends = (size: number, signature: number, length = 64): SealedEnd => ({
  signature: new Uint8Array(length).fill(signature),
  tree: { size, edge: treeOf(size).toBytes() },
})

/** Signed after one end, put to another. */
const join = (end: SealedEnd, asked = 3): Joined => {
  const intents = Array.from({ length: asked }, () => checkIntent(newIntent()))
  const prepared = prepareLinks(intents, { chain: CHAIN, sequence: 7, key: 'key-1' })
  const run = layOut(prepared, end.signature.length)
  return joinLinks(prepared.slice(0, 3), sealLinks({ run, key: privateKey }, end), draft)
}

describe('what was signed is put to what was prepared', () => {
  it('where it is after the same end', () => {
    const { links, draft: made } = join(ends(7, 1))
    expect(links.map(({ entry }) => entry.sequence)).toEqual([7, 8, 9])
    expect(made).toMatchObject({ sequence: 9, signature: links[2]?.signature })
    expect(made.tree.size).toBe(10)
    expect(draft.tree.size).toBe(7)
  })

  it.each([
    ['another signature', ends(7, 2)],
    ['a signature of another length', ends(7, 1, 63)],
    ['a tree that is smaller', ends(6, 1)],
    ['a tree that is larger', ends(8, 1)],
  ])('not over %s', (_, end) => {
    expect(() => join(end)).toThrow(expect.objectContaining({ code: 'CHAIN_KEY_UNUSABLE' }))
  })

  it('not where there are more of them', () => {
    expect(() => join(ends(7, 1), 4)).toThrow(expect.objectContaining({ code: 'CHAIN_KEY_UNUSABLE' }))
  })
})
