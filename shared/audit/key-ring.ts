import { z } from 'zod'
import { decodeBase64url } from './base64url.ts'
import { sameBytes } from './bytes.ts'
import type { VerifySignature } from './crypto.ts'
import type { Entry } from './entry.ts'
import { findKeyFault } from './key-statement.ts'
import type { AuditKey } from './key-statement.ts'
import { KEY_OBJECT, isAnnouncement } from './marks.ts'
import type { MerkleFrontier } from './merkle.ts'
import { parsePayload } from './payload.ts'
import type { Fault } from './verdict.ts'

/** Which keys may sign at one point of the walk. */
export interface KeyState {
  /** The key-store key in force; null before the first entry. */
  readonly root: AuditKey | null
  /** The epoch open now. Every signature of the root closes it. */
  readonly epoch: AuditKey | null
  readonly announced: ReadonlySet<string>
  /** Whether a key the verifier trusts has signed so far. */
  readonly trusted: boolean
}
export const NO_KEYS: KeyState = { root: null, epoch: null, announced: new Set(), trusted: false }

/** What of an entry decides over keys. */
export type KeyUse = Pick<Entry, 'chain' | 'sequence' | 'key' | 'action' | 'object'>

export { isAnnouncement } from './marks.ts'

/** What an announcement's payload must say beside the key: the tree of all entries before it. */
const Announced = z.looseObject({ tree: z.strictObject({ size: z.int().min(0), root: z.string() }) })

export interface AnnouncedTree {
  readonly size: number
  readonly root: Uint8Array
}

/** The tree an announcement commits its signer to; null when the payload says none. */
export const announcedTree = (payload: Uint8Array): AnnouncedTree | null => {
  try {
    const { tree } = Announced.parse(parsePayload(payload).after)
    return { size: tree.size, root: decodeBase64url(tree.root) }
  } catch {
    // Whoever holds the key can sign a payload that says nothing of the kind; it is a finding, not a failure.
    return null
  }
}

const fault = (kind: Fault['kind'], sequence: number, what: string): Fault => ({ kind, sequence, what })

/** The key that signs this entry, if it may; a fault otherwise. The first entry must be signed by the key it announces. */
export const findSigner = (entry: KeyUse, state: KeyState, keys: ReadonlyMap<string, AuditKey>): AuditKey | Fault => {
  const key = keys.get(entry.key)
  if (!key) return fault('unknown-key', entry.sequence, 'key')
  if (!state.root) {
    const opens = isAnnouncement(entry) && entry.object.id === key.keyId && key.kind === 'hsm'
    return opens ? key : fault('wrong-key', entry.sequence, 'genesis')
  }
  if (key.keyId === state.root.keyId) return state.root
  // An epoch key may not bring in keys: whoever steals one must not outlive its epoch.
  if (key.keyId === state.epoch?.keyId && !isAnnouncement(entry)) return state.epoch
  return fault('wrong-key', entry.sequence, 'key')
}

/** Takes the key an announcement names into the chain, or says what is wrong with it. */
const announce = (
  entry: KeyUse,
  signer: AuditKey,
  keys: ReadonlyMap<string, AuditKey>,
  verify: VerifySignature,
): AuditKey | Fault => {
  const key = keys.get(entry.object.id)
  if (!key || key.chain !== entry.chain) return fault('unknown-key', entry.sequence, KEY_OBJECT)
  const wrong = findKeyFault(key, signer, verify)
  return wrong ? fault('altered', entry.sequence, `${KEY_OBJECT}.${wrong}`) : key
}

export interface RingContext {
  readonly keys: ReadonlyMap<string, AuditKey>
  readonly trustedKeyIds: ReadonlySet<string>
  readonly verify: VerifySignature
}

/** The state after an entry that was signed by `signer`. */
export const advanceKeys = (
  state: KeyState,
  entry: KeyUse,
  signer: AuditKey,
  { keys, trustedKeyIds, verify }: RingContext,
): KeyState | Fault => {
  const root = signer.kind === 'hsm' ? signer : state.root
  const epoch = signer.kind === 'hsm' ? null : state.epoch
  const trusted = state.trusted || trustedKeyIds.has(signer.keyId)
  if (!isAnnouncement(entry)) return { ...state, root, epoch, trusted }
  const key = announce(entry, signer, keys, verify)
  if ('sequence' in key) return key
  const announced = new Set(state.announced).add(key.keyId)
  return key.kind === 'hsm' ? { root: key, epoch: null, announced, trusted } : { root, epoch: key, announced, trusted }
}

const isTreeOf = (said: AnnouncedTree | null, tree: MerkleFrontier): boolean =>
  said !== null && said.size === tree.size && sameBytes(said.root, tree.root())

/** Whether an announcement's payload commits to the tree the verifier computed by itself. */
export const commitsTo = (payload: Uint8Array | null, tree: MerkleFrontier): boolean =>
  payload !== null && isTreeOf(announcedTree(payload), tree)
