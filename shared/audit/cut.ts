import { z } from 'zod'
import { AppError } from '../contract/errors.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { concatBytes, sameBytes, sha256 } from './bytes.ts'
import type { VerifySignature } from './crypto.ts'
import { ChainName } from './entry.ts'
import { canonicalBytes, parseCanonical } from './jcs.ts'
import type { Json } from './json.ts'
import { NO_KEYS } from './key-ring.ts'
import type { KeyState } from './key-ring.ts'
import { findKeyFault } from './key-statement.ts'
import type { AuditKey } from './key-statement.ts'
import { MerkleFrontier } from './merkle.ts'
import type { StoredCut } from './stored.ts'
import type { Fault } from './verdict.ts'

export { CUT_OBJECT, announcedCut } from './marks.ts'

const DOMAIN = new TextEncoder().encode('countersign/audit/cut/1\n')

/** Where a chain was cut, and everything needed to go on verifying from there. */
export interface CutState {
  readonly chain: string
  /** How many entries were removed: what is left begins at this sequence. At least 1. */
  readonly size: number
  /** Right edge of the tree of the removed entries (`MerkleFrontier.toBytes`); its root is the cut checkpoint's. */
  readonly edge: Uint8Array
  /** Signature of entry `size - 1`: what entry `size` is signed over. */
  readonly last: Uint8Array
  /** The key-store key in force after entry `size - 1`. */
  readonly key: string
  /** The epoch open after entry `size - 1`. */
  readonly epoch: string | null
  /** Keys that stay: every key-store key announced before the cut, and the open epoch's. Sorted. */
  readonly keys: readonly string[]
}

/** The state with who cut, when and under which rule, and the key-store key that signs it: the one in force now. */
export interface CutStatement extends CutState {
  /** The signed text of the checkpoint of `size` (`parseNote(note).text`); null where the chain makes none. */
  readonly checkpoint: string | null
  readonly at: number
  readonly by: string | null
  readonly rule: string
  readonly signedBy: string
}

const text = z.string().min(1).max(200)
const bytes = z.string().min(1).max(4000)
const Statement = z.strictObject({
  v: z.literal(1),
  chain: ChainName,
  size: z.int().min(1),
  edge: bytes,
  last: bytes,
  key: text,
  epoch: text.nullable(),
  keys: z.array(text).min(1),
  checkpoint: z.string().min(1).max(2000).nullable(),
  at: z.int().min(0),
  by: text.nullable(),
  rule: text,
  signedBy: text,
})

/** Canonical JSON (RFC 8785) of the statement, which is what `cutSigningBytes` and `cutIdOf` take. */
export const encodeCut = (cut: CutStatement): Uint8Array => {
  const body = { ...cut, v: 1, edge: encodeBase64url(cut.edge), last: encodeBase64url(cut.last) }
  const parsed = Statement.safeParse(body)
  if (!parsed.success) throw new AppError('REQUEST_INVALID', { reason: 'cut' }, { cause: parsed.error })
  return canonicalBytes(parsed.data as unknown as Json)
}

/** Throws REQUEST_INVALID unless the bytes are exactly a statement, its tree edge fits its size, its keys are in order. */
export const parseCut = (bytes: Uint8Array): CutStatement => {
  const parsed = Statement.safeParse(parseCanonical(bytes))
  if (!parsed.success) throw new AppError('REQUEST_INVALID', { reason: 'cut' }, { cause: parsed.error })
  const { v: _format, edge, last, ...rest } = parsed.data
  const cut = { ...rest, edge: decodeBase64url(edge), last: decodeBase64url(last) }
  MerkleFrontier.fromBytes(cut.size, cut.edge)
  const isInOrder = cut.keys.every((key, place) => place === 0 || (cut.keys[place - 1] ?? '') < key)
  const isKnown = cut.keys.includes(cut.key) && (cut.epoch === null || cut.keys.includes(cut.epoch))
  if (!isInOrder || !isKnown) throw new AppError('REQUEST_INVALID', { reason: 'cut' })
  return cut
}

/** What the key-store key signs. */
export const cutSigningBytes = (statement: Uint8Array): Uint8Array => concatBytes(DOMAIN, statement)

/** Names a cut in the entry that announces it, so that the signed entry itself binds the statement. */
export const cutIdOf = (statement: Uint8Array): string => encodeBase64url(sha256(statement))

const at = (kind: Fault['kind'], sequence: number, what: string): Fault => ({ kind, sequence, what })

interface CutContext {
  readonly keys: ReadonlyMap<string, AuditKey>
  readonly trustedKeyIds: ReadonlySet<string>
  readonly verify: VerifySignature
}

/** Every key the cut keeps must be endorsed by one it keeps as well, back to one that endorsed itself. */
const findLineageFault = (cut: CutStatement, { keys, verify }: CutContext): Fault | null => {
  for (const id of cut.keys) {
    const key = keys.get(id)
    const endorser = key && cut.keys.includes(key.endorsedBy) ? keys.get(key.endorsedBy) : undefined
    if (!key || !endorser) return at('unknown-key', cut.size, 'cut.keys')
    const wrong = key.chain === cut.chain ? findKeyFault(key, endorser, verify) : 'chain'
    if (wrong) return at('altered', cut.size, `audit-key.${wrong}`)
  }
  return null
}

/** Whether a trusted key is the one in force, or endorsed it, or endorsed the one that did. */
const isTrusted = (cut: CutStatement, { keys, trustedKeyIds }: CutContext): boolean => {
  const seen = new Set<string>()
  for (let id = cut.key; !seen.has(id); id = keys.get(id)?.endorsedBy ?? id) {
    if (trustedKeyIds.has(id)) return true
    seen.add(id)
  }
  return false
}

/** What the walk starts from behind a cut. */
export interface CutStart {
  readonly statement: CutStatement
  readonly id: string
  readonly tree: MerkleFrontier
  readonly keys: KeyState
}

const keyStateOf = (cut: CutStatement, context: CutContext): KeyState | null => {
  const root = context.keys.get(cut.key)
  const epoch = cut.epoch === null ? null : context.keys.get(cut.epoch)
  if (root?.kind !== 'hsm' || epoch === undefined || epoch?.kind === 'hsm') return null
  return { ...NO_KEYS, root, epoch, announced: new Set(cut.keys), trusted: isTrusted(cut, context) }
}

const tryParse = (stored: StoredCut, chain: string): CutStatement | null => {
  try {
    const cut = parseCut(stored.statement)
    return cut.chain === chain && cut.size === stored.size ? cut : null
  } catch {
    // Bytes that are no statement are a finding, not a failure of the verifier.
    return null
  }
}

/**
 * Checks a stored cut by itself and gives the state behind it. That the chain announces it, signed by the key in force
 * there, is for the walk to find. An attacker who removes the start of a chain has no signature for such a statement.
 */
export const openCut = (stored: StoredCut, chain: string, context: CutContext): CutStart | Fault => {
  const cut = tryParse(stored, chain)
  if (!cut) return at('altered', stored.size, 'cut')
  const signer = context.keys.get(cut.signedBy)
  if (!signer) return at('unknown-key', cut.size, 'cut')
  if (signer.kind !== 'hsm') return at('wrong-key', cut.size, 'cut')
  const isSigned = context.verify(signer.spki, cutSigningBytes(stored.statement), stored.signature)
  if (!isSigned) return at('altered', cut.size, 'cut')
  const wrong = findLineageFault(cut, context)
  if (wrong) return wrong
  const keys = keyStateOf(cut, context)
  if (!keys) return at('altered', cut.size, 'cut.keys')
  return { statement: cut, id: cutIdOf(stored.statement), tree: MerkleFrontier.fromBytes(cut.size, cut.edge), keys }
}

/** Whether two cuts are the same place: what a cleaning that was interrupted compares. */
export const isSameCut = (left: CutState, right: CutState): boolean =>
  left.chain === right.chain &&
  left.size === right.size &&
  sameBytes(left.edge, right.edge) &&
  sameBytes(left.last, right.last)
