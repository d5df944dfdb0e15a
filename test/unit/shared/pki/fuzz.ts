import * as fc from 'fast-check'
import { tlv } from '../../../../shared/pki/der-write.ts'

/** Inputs per property: 2,000 in the ordinary run, 100,000 with SOAK=1. */
export const fuzzRuns = (): number => (process.env['SOAK'] === '1' ? 100_000 : 2000)
export const FUZZ_TIMEOUT_MS = process.env['SOAK'] === '1' ? 3_600_000 : 180_000

/** DER taken apart loosely, to be put together again with right lengths: mutants that get past the first check. */
interface Tree {
  readonly tag: number
  readonly body: Uint8Array | readonly Tree[]
}

/** Octet strings are looked into too, since extensions and OCSP answers hide in them. */
function treeOf(bytes: Uint8Array): Tree[] | null {
  const found: Tree[] = []
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0
    const first = bytes[at + 1]
    if (first === undefined || (tag & 0x1f) === 0x1f || first === 0x80) return null
    let length = first
    let start = at + 2
    if (first > 0x80) {
      length = 0
      for (let i = 0; i < (first & 0x7f); i++) length = length * 256 + (bytes[start + i] ?? 0)
      start += first & 0x7f
    }
    if (start + length > bytes.length) return null
    const body = bytes.subarray(start, start + length)
    const inner = (tag & 0x20) !== 0 || tag === 0x04 ? treeOf(body) : null
    found.push({ tag, body: inner && inner.length > 0 ? inner : body })
    at = start + length
  }
  return found
}

const encode = ({ tag, body }: Tree): Uint8Array =>
  body instanceof Uint8Array ? tlv(tag, body) : tlv(tag, ...body.map(encode))

const flatten = (tree: Tree): Tree[] => [tree, ...(tree.body instanceof Uint8Array ? [] : tree.body.flatMap(flatten))]

type Edit = readonly [kind: number, node: number, other: number, octets: Uint8Array]

/** Replaces one node by what the edit says, everything around it rebuilt. */
function edited(tree: Tree, target: Tree, replacement: readonly Tree[]): Tree[] {
  if (tree === target) return [...replacement]
  if (tree.body instanceof Uint8Array) return [tree]
  return [{ tag: tree.tag, body: tree.body.flatMap((child) => edited(child, target, replacement)) }]
}

function apply(tree: Tree, [kind, at, other, octets]: Edit): Tree {
  const nodes = flatten(tree)
  const target = nodes[at % nodes.length] ?? tree
  const donor = nodes[other % nodes.length] ?? tree
  const choices: readonly (readonly Tree[])[] = [
    [],
    [target, target],
    [donor],
    [{ tag: other & 0xff, body: target.body }],
    [{ tag: target.tag, body: octets }],
    [{ tag: 0x30, body: [target] }],
    [target, donor],
  ]
  return edited(tree, target, choices[kind % choices.length] ?? [])[0] ?? tree
}

/** Mutants of one of the seeds: octets changed, cut, put in; or elements dropped, doubled, moved, retagged. */
export function mutants(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const seed = fc.nat(seeds.length - 1).map((i) => seeds[i] as Uint8Array)
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 })
  const raw = fc
    .tuple(seed, flips, fc.nat(), fc.nat(30), fc.uint8Array({ maxLength: 12 }))
    .map(([bytes, list, at, cut, put]) => {
      const copy = Uint8Array.from(bytes)
      for (const [where, value] of list) copy[where % copy.length] = value
      if (cut > 6) return copy
      const start = at % copy.length
      return Uint8Array.from([...copy.subarray(0, start), ...put, ...copy.subarray(start + cut)])
    })
  const edit = fc.tuple(fc.nat(6), fc.nat(5000), fc.nat(5000), fc.uint8Array({ maxLength: 24 }))
  const shaped = fc.tuple(seed, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([bytes, edits]) => {
    const [tree] = treeOf(bytes) ?? []
    return tree ? encode(edits.reduce(apply, tree)) : bytes
  })
  return fc.oneof(raw, shaped, shaped)
}
