import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../../shared/audit/bytes.ts'
import {
  MerkleFrontier,
  consistencyProof,
  inclusionProof,
  leafHash,
  rangeHashOf,
  verifyConsistency,
  verifyInclusion,
} from '../../../../shared/audit/merkle.ts'

/** Inputs and roots that the implementations of Certificate Transparency have used since RFC 6962. */
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (hex) => Uint8Array.from(Buffer.from(hex, 'hex')),
)
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const LEAVES = INPUTS.map(leafHash)

const leavesOf = (size: number): Uint8Array[] =>
  Array.from({ length: size }, (_, index) => leafHash(sha256(Uint8Array.from([index & 255, index >> 8]))))

describe('the Merkle tree (RFC 6962)', () => {
  it('has the known root of the empty tree', () => {
    expect(hex(new MerkleFrontier().root())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  it('has the known roots, appended one by one and computed whole', () => {
    const tree = new MerkleFrontier()
    for (const [index, leaf] of LEAVES.entries()) {
      tree.append(leaf)
      expect(hex(tree.root())).toBe(ROOTS[index])
      expect(hex(rangeHashOf(LEAVES)(0, index + 1))).toBe(ROOTS[index])
      expect(MerkleFrontier.fromBytes(tree.size, tree.toBytes()).root()).toEqual(tree.root())
    }
  })

  it('refuses an edge that does not fit the size', () => {
    expect(() => MerkleFrontier.fromBytes(3, new Uint8Array(32))).toThrow('REQUEST_INVALID')
  })

  it('proves every leaf of every tree up to 40, and nothing else', () => {
    const all = leavesOf(40)
    for (let size = 1; size <= all.length; size += 1) {
      const hash = rangeHashOf(all)
      const root = hash(0, size)
      for (let index = 0; index < size; index += 1) {
        const leaf = all[index] ?? root
        const proof = inclusionProof(hash, index, size)
        verifyInclusion({ leaf, index, size, root }, proof)
        const other = all[(index + 1) % all.length] ?? root
        expect(() => verifyInclusion({ leaf: other, index, size, root }, proof)).toThrow('REQUEST_INVALID')
        expect(() => verifyInclusion({ leaf, index, size, root }, [...proof, root])).toThrow('REQUEST_INVALID')
        if (proof.length > 0) {
          expect(() => verifyInclusion({ leaf, index, size, root }, proof.slice(1))).toThrow('REQUEST_INVALID')
        }
      }
    }
  })

  it('proves that every tree up to 40 extends every one before it, and no other', () => {
    const hash = rangeHashOf(leavesOf(40))
    for (let size = 0; size <= 40; size += 1) {
      for (let first = 0; first <= size; first += 1) {
        const older = { size: first, root: hash(0, first) }
        const newer = { size, root: hash(0, size) }
        const proof = consistencyProof(hash, first, size)
        verifyConsistency(older, newer, proof)
        const forged = { size: first, root: sha256(older.root) }
        expect(() => verifyConsistency(forged, newer, proof)).toThrow('REQUEST_INVALID')
        expect(() => verifyConsistency(older, newer, [...proof, older.root])).toThrow('REQUEST_INVALID')
      }
    }
  })

  it('finds any one-bit change in an inclusion proof', () => {
    const all = leavesOf(200)
    const hash = rangeHashOf(all)
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        (size, at, step, bit) => {
          const index = at % size
          const leaf = all[index]
          const proof = inclusionProof(hash, index, size).map((part) => Uint8Array.from(part))
          const changed = proof[step % proof.length]
          if (!leaf || !changed) return
          changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
          expect(() => verifyInclusion({ leaf, index, size, root: hash(0, size) }, proof)).toThrow('REQUEST_INVALID')
        },
      ),
    )
  })
})
