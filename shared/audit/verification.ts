import { AppError } from '../contract/errors.ts'
import { encodeBase64url } from './base64url.ts'
import { findEndFault } from './chain-end.ts'
import { runOf, walkChain } from './chain-walk.ts'
import type { Outcome, Run, WitnessedHead } from './chain-walk.ts'
import { parseNote } from './checkpoint.ts'
import { createSignatureVerifier } from './crypto.ts'
import type { VerifySignature } from './crypto.ts'
import type { CutState } from './cut.ts'
import { parseCut } from './cut.ts'
import type { EntrySource, StoredChain } from './stored.ts'
import type { Fault, Verdict, VerificationMode } from './verdict.ts'
import { isFault, startOf } from './walk.ts'
import type { WalkContext, WalkState } from './walk.ts'

export type { EntrySource, WitnessedHead }

/** How far a verification came: what was walked, and the state after the last entry that signs all before it. */
export interface WalkPosition {
  readonly state: WalkState
  readonly anchor: WalkState
}

export interface VerificationOptions {
  readonly mode: VerificationMode
  /** Key-store keys the verifier trusts from elsewhere; at least one must have signed. */
  readonly trustedKeyIds: readonly string[]
  readonly witnessed?: WitnessedHead
  readonly verify?: VerifySignature
  readonly signal?: AbortSignal
  /** Called after each batch with the entries walked so far; a quick run walks the tail after the last anchor twice. */
  readonly onProgress?: (checked: number) => void
  /** Goes on from here; what lies before is taken as proved, so it must come from a walk over these very rows. */
  readonly position?: WalkPosition
}

export const contextOf = (stored: StoredChain, options: VerificationOptions): WalkContext => ({
  chain: stored.chain,
  keys: new Map(stored.keys.map((key) => [key.keyId, key])),
  trustedKeyIds: new Set(options.trustedKeyIds),
  verify: options.verify ?? createSignatureVerifier(),
})

/** The checkpoint beside a cut: its own signature, and the one text the statement holds. */
const findCutNoteFault = ({ stored, notes }: Run, { tree }: WalkState): Fault | null => {
  const { cut } = stored
  if (!cut) return null
  const { checkpoint } = parseCut(cut.statement)
  if (cut.note === null || checkpoint === null) {
    return cut.note === checkpoint ? null : { kind: 'altered', sequence: cut.size, what: 'cut.note' }
  }
  const root = tree.root()
  const found = notes.findFault({ size: cut.size, root, note: cut.note }, root, 'cut.note')
  if (found) return found
  return parseNote(cut.note).text === checkpoint ? null : { kind: 'altered', sequence: cut.size, what: 'cut.note' }
}

/** Where the walk starts; a fault when the record of a cut is not to be believed. */
export const beginWalk = (run: Run): WalkPosition | Fault => {
  const start = startOf(run.stored, run.context)
  if (isFault(start)) return start
  const wrong = findCutNoteFault(run, start)
  return wrong ?? { state: start, anchor: start }
}

const walkOnce = async (run: Run, mode: VerificationMode, { state, anchor }: WalkPosition): Promise<Outcome> => {
  if (mode === 'full') return walkChain(run, state, true)
  const quick = await walkChain(run, state, false)
  // Up to the last anchor its signature over the tree root proves every entry. What follows, and what lies between
  // the last good anchor and a fault, is walked again with every signature: for proof, and for the exact place.
  const again = await walkChain(run, quick.anchor === state ? anchor : quick.anchor, true)
  return again.fault ? again : { ...again, fault: quick.fault }
}

/** The verdict where there is a fault. */
export const refusal = (chain: string, mode: VerificationMode, entries: number, fault: Fault): Verdict => ({
  ok: false,
  chain,
  mode,
  entries,
  ...fault,
})

/** The verdict over a walk that came to the end with no fault. */
export const concludeWalk = async (run: Run, mode: VerificationMode, state: WalkState): Promise<Verdict> => {
  const { stored, context, witnessed } = run
  const found = await findEndFault(stored, state, context, witnessed)
  if (found) return refusal(stored.chain, mode, state.expected, found)
  return {
    ok: true,
    chain: stored.chain,
    mode,
    from: state.from,
    entries: state.expected,
    head: { sequence: state.expected - 1, signature: encodeBase64url(state.previous) },
    root: Buffer.from(state.tree.root()).toString('base64'),
    signaturesChecked: state.signaturesChecked,
    payloadsErased: state.payloadsErased,
  }
}

/**
 * Verifies one chain as stored, in memory that does not grow with it (but for erased payloads whose tombstone is still
 * to come). `full` checks every signature; `quick` checks those that announce keys, each of which signs the Merkle root
 * of all entries before it, and every signature after the last of them. Both check links, order, copies, payloads,
 * checkpoints and head. The first fault found is the verdict. Rejects with the signal's reason when it is aborted.
 */
export const verifyChain = async (stored: StoredChain, options: VerificationOptions): Promise<Verdict> => {
  const { mode } = options
  const run = runOf(stored, contextOf(stored, options), options)
  const start = options.position ?? beginWalk(run)
  if (isFault(start)) return refusal(stored.chain, mode, stored.cut?.size ?? 0, start)
  const { state, fault } = await walkOnce(run, mode, start)
  return fault ? refusal(stored.chain, mode, state.expected, fault) : concludeWalk(run, mode, state)
}

/**
 * What a cut before entry `size` must hold: verifies everything that is to be removed, every signature of it, and gives
 * the state behind it. Throws CHAIN_CONFLICT (with the fault) when the chain is not whole up to there, REQUEST_INVALID
 * (`cut-size`) unless entries would be removed and at least one would stay.
 */
export const prepareCut = async (
  stored: StoredChain,
  size: number,
  options: Omit<VerificationOptions, 'mode'>,
): Promise<CutState> => {
  const last = stored.head?.sequence ?? -1
  if (!Number.isSafeInteger(size) || size <= (stored.cut?.size ?? 0) || size > last) {
    throw new AppError('REQUEST_INVALID', { reason: 'cut-size' })
  }
  const run = runOf(stored, contextOf(stored, { ...options, mode: 'full' }), options)
  const start = options.position ?? beginWalk(run)
  if (isFault(start)) throw new AppError('CHAIN_CONFLICT', { chain: stored.chain, ...start })
  const { state, fault } = await walkChain(run, start.state, true, size)
  if (fault) throw new AppError('CHAIN_CONFLICT', { chain: stored.chain, ...fault })
  const { keys, tree, previous, expected } = state
  if (expected !== size || !keys.root) throw new AppError('CHAIN_CONFLICT', { chain: stored.chain, kind: 'truncated' })
  const lasting = stored.keys.filter((key) => key.kind === 'hsm' && keys.announced.has(key.keyId))
  const kept = new Set(lasting.map((key) => key.keyId))
  if (keys.epoch) kept.add(keys.epoch.keyId)
  return {
    chain: stored.chain,
    size,
    edge: tree.toBytes(),
    last: previous,
    key: keys.root.keyId,
    epoch: keys.epoch?.keyId ?? null,
    keys: [...kept].sort(),
  }
}
