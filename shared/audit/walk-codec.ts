import { z } from 'zod'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { ErasedSet } from './erased-set.ts'
import { canonicalBytes, parseCanonical } from './jcs.ts'
import type { Json } from './json.ts'
import type { KeyState } from './key-ring.ts'
import type { AuditKey } from './key-statement.ts'
import { MerkleFrontier } from './merkle.ts'
import type { WalkPosition } from './verification.ts'
import type { WalkContext, WalkState } from './walk.ts'

const place = z.int().min(0)
const Erased = z.strictObject({
  from: place,
  to: place,
  marks: z.strictObject({ at: place, by: z.string(), rule: z.string() }),
  wrong: z.enum(['erased_at', 'erased_by', 'erased_rule']).nullable(),
})
const State = z.strictObject({
  expected: place,
  previous: z.string(),
  root: z.string().nullable(),
  epoch: z.string().nullable(),
  announced: z.array(z.string()),
  trusted: z.boolean(),
  edge: z.string(),
  erased: z.array(Erased),
  payloadsErased: place,
  signaturesChecked: place,
  from: place,
  cut: z.strictObject({ id: z.string(), signedBy: z.string() }).nullable(),
  noted: z.strictObject({ size: place, isLinked: z.boolean() }).nullable(),
})
type State = z.infer<typeof State>
const Position = z.strictObject({ v: z.literal(2), chain: z.string(), state: State, anchor: State })

const write = ({ keys, tree, erased, previous, ...rest }: WalkState): State => ({
  ...rest,
  cut: rest.cut && { ...rest.cut },
  noted: rest.noted && { ...rest.noted },
  previous: encodeBase64url(previous),
  root: keys.root?.keyId ?? null,
  epoch: keys.epoch?.keyId ?? null,
  announced: [...keys.announced],
  trusted: keys.trusted,
  edge: encodeBase64url(tree.toBytes()),
  erased: erased.ranges().map((range) => ({ ...range, marks: { ...range.marks } })),
})

const chainOf = ({ state }: WalkPosition): string => state.keys.root?.chain ?? ''

/**
 * A position as bytes, to go on from after a restart. Whoever can write where it is kept could skip a part of the
 * verification with it: keep it sealed (`VerificationJobs` has the key store sign it).
 */
export const encodePosition = (position: WalkPosition): Uint8Array => {
  const { state, anchor } = position
  const body = { v: 2, chain: chainOf(position), state: write(state), anchor: write(anchor) }
  return canonicalBytes(body as unknown as Json)
}

const keyOf = (id: string | null, keys: ReadonlyMap<string, AuditKey>): AuditKey | null => {
  if (id === null) return null
  const key = keys.get(id)
  if (!key) throw new TypeError('the chain has no such key')
  return key
}

const read = (said: State, { keys }: WalkContext): WalkState => {
  const { previous, root, epoch, announced, trusted, edge, erased, ...rest } = said
  const state: KeyState = {
    root: keyOf(root, keys),
    epoch: keyOf(epoch, keys),
    announced: new Set(announced),
    trusted,
  }
  return {
    ...rest,
    previous: decodeBase64url(previous),
    keys: state,
    tree: MerkleFrontier.fromBytes(rest.expected, decodeBase64url(edge)),
    erased: new ErasedSet(erased),
  }
}

/** Null when the bytes are no position of this chain, or name keys it does not have. */
export const decodePosition = (bytes: Uint8Array, context: WalkContext): WalkPosition | null => {
  try {
    const said = Position.parse(parseCanonical(bytes))
    if (said.chain !== context.chain) return null
    return { state: read(said.state, context), anchor: read(said.anchor, context) }
  } catch {
    // Kept by another version, or by someone else: the run begins again.
    return null
  }
}
