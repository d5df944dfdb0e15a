import { sameBytes } from './bytes.ts'
import type { VerifySignature } from './crypto.ts'
import type { Noted } from './checkpoint-check.ts'
import { findFalseCopy } from './copies.ts'
import { announcedCut, openCut } from './cut.ts'
import { readEntry } from './entry-read.ts'
import type { Entry } from './entry.ts'
import { ErasedSet } from './erased-set.ts'
import { findPayloadFault } from './erasure.ts'
import { NO_KEYS, advanceKeys, commitsTo, findSigner, isAnnouncement } from './key-ring.ts'
import type { KeyState } from './key-ring.ts'
import type { AuditKey } from './key-statement.ts'
import { entrySigningBytes, genesisOf } from './link.ts'
import { readMarks, tombstoneOf } from './marks.ts'
import { MerkleFrontier, leafHash } from './merkle.ts'
import type { StoredChain, StoredEntry } from './stored.ts'
import type { Fault } from './verdict.ts'

/** Everything the walk knows after some entries; small, copied at each anchor. */
export interface WalkState {
  /** Sequence the next entry must have. */
  readonly expected: number
  /** Signature the next entry must be signed over. */
  readonly previous: Uint8Array
  readonly keys: KeyState
  readonly tree: MerkleFrontier
  /** Erased payloads whose tombstone has not come yet. */
  readonly erased: ErasedSet
  readonly payloadsErased: number
  readonly signaturesChecked: number
  /** Where the walk began: 0, or where the chain was cut. */
  readonly from: number
  /** The cut the walk began at, until an entry announced it. */
  readonly cut: { readonly id: string; readonly signedBy: string } | null
  /** The checkpoint met last. */
  readonly noted: Noted | null
}

const none = { payloadsErased: 0, signaturesChecked: 0, noted: null } as const

/** The state before the first entry that is there; a fault when the record of the cut is not to be believed. */
export const startOf = ({ chain, cut }: StoredChain, context: WalkContext): WalkState | Fault => {
  if (!cut) {
    const tree = new MerkleFrontier()
    const previous = genesisOf(chain)
    return { ...none, expected: 0, previous, keys: NO_KEYS, tree, erased: new ErasedSet(), from: 0, cut: null }
  }
  const start = openCut(cut, chain, context)
  if ('kind' in start) return start
  const { statement, id, tree, keys } = start
  const { size, last, signedBy } = statement
  const at = { expected: size, previous: last, from: size, cut: { id, signedBy } }
  return { ...none, ...at, keys, tree, erased: new ErasedSet() }
}

export const copyState = (state: WalkState): WalkState => ({
  ...state,
  tree: state.tree.copy(),
  erased: state.erased.copy(),
})

export interface WalkContext {
  readonly chain: string
  readonly keys: ReadonlyMap<string, AuditKey>
  readonly trustedKeyIds: ReadonlySet<string>
  readonly verify: VerifySignature
}

const fault = (kind: Fault['kind'], sequence: number, what: string): Fault => ({ kind, sequence, what })

export const tryParse = (row: StoredEntry): Entry | null => {
  try {
    return readEntry(row.bytes)
  } catch {
    // Bytes that are no entry are a finding, not a failure of the verifier.
    return null
  }
}

export const fits = (entry: Entry | null, state: WalkState, chain: string): boolean =>
  entry !== null &&
  entry.chain === chain &&
  entry.sequence === state.expected &&
  sameBytes(entry.previous, state.previous)

export const isSignedBy = (row: StoredEntry, key: AuditKey | undefined, verify: VerifySignature): boolean =>
  key !== undefined && verify(key.spki, entrySigningBytes(row.bytes), row.signature)

/** A signature that does not verify: someone else's known key, or plainly not the bytes that were signed. */
const signatureFault = (row: StoredEntry, state: WalkState, context: WalkContext): Fault => {
  const other = [...context.keys.values()].some((key) => isSignedBy(row, key, context.verify))
  return other ? fault('wrong-key', state.expected, 'signature') : fault('altered', state.expected, 'signature')
}

const payloadFault = (row: StoredEntry, entry: Entry, state: WalkState): Fault | null => {
  const wrong = findPayloadFault(row.payloads, entry)
  if (wrong === null) return null
  const [payload] = row.payloads
  const marks = payload && wrong === 'erased' ? readMarks(payload) : wrong
  if (typeof marks === 'string') return fault('payload-mismatch', entry.sequence, marks)
  state.erased.add(entry.sequence, marks)
  return null
}

const dropErased = (row: StoredEntry, entry: Entry, erased: ErasedSet): void => {
  const tombstone = tombstoneOf(entry, row.payloads[0]?.bytes ?? null)
  if (tombstone) erased.drop(tombstone.from, tombstone.to, tombstone.marks)
}

/** Whether this entry announces the cut the walk began at; a fault when another key than the one in force signed it. */
const announceCut = (entry: Entry, state: WalkState, keys: KeyState): WalkState['cut'] | Fault => {
  const { cut } = state
  if (!cut || announcedCut(entry) !== cut.id) return cut
  return keys.root?.keyId === cut.signedBy ? null : fault('wrong-key', state.from, 'cut')
}

export const isFault = (value: object): value is Fault => 'kind' in value && 'what' in value

/**
 * Checks an entry that claims the place and the past it should, and gives the state after it. `everySignature` false
 * leaves the signatures between two announcements to the tree root the later one commits to.
 * The tree and the set of erased are changed in place.
 */
export const advance = (
  row: StoredEntry,
  entry: Entry,
  state: WalkState,
  context: WalkContext,
  everySignature: boolean,
): WalkState | Fault => {
  if (row.signature.length === 0) return fault('unsealed', state.expected, 'signature')
  const signer = findSigner(entry, state.keys, context.keys)
  if (isFault(signer)) return signer
  const checksSignature = everySignature || isAnnouncement(entry)
  if (checksSignature && !isSignedBy(row, signer, context.verify)) return signatureFault(row, state, context)
  const falseCopy = findFalseCopy(row, entry)
  if (falseCopy) return fault('altered', state.expected, falseCopy)
  const wrongPayload = payloadFault(row, entry, state)
  if (wrongPayload) return wrongPayload
  if (isAnnouncement(entry) && !commitsTo(row.payloads[0]?.bytes ?? null, state.tree)) {
    return fault('altered', state.expected, 'tree')
  }
  const keys = advanceKeys(state.keys, entry, signer, context)
  if ('sequence' in keys) return keys
  const cut = announceCut(entry, state, keys)
  if (cut && 'kind' in cut) return cut
  dropErased(row, entry, state.erased)
  state.tree.append(leafHash(row.bytes))
  return {
    expected: state.expected + 1,
    previous: row.signature,
    keys,
    tree: state.tree,
    erased: state.erased,
    payloadsErased: state.payloadsErased + (row.payloads[0]?.bytes === null ? 1 : 0),
    signaturesChecked: state.signaturesChecked + (checksSignature ? 1 : 0),
    from: state.from,
    cut,
    noted: state.noted,
  }
}
