import { encodeBase64url } from './base64url.ts'
import { sameBytes } from './bytes.ts'
import { createSignatureVerifier } from './crypto.ts'
import type { VerifySignature } from './crypto.ts'
import { isAnnouncement } from './key-ring.ts'
import { classify, goesOnWithout } from './misfit.ts'
import type { EntrySource, StoredChain, StoredEntry } from './stored.ts'
import type { Fault, Verdict, VerificationMode } from './verdict.ts'
import { advance, copyState, fits, startOf, tryParse } from './walk.ts'
import type { WalkContext, WalkState } from './walk.ts'

/** A head someone else kept, sequence and signature: the chain must still hold it. */
export interface WitnessedHead {
  readonly sequence: number
  readonly signature: Uint8Array
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
}

interface Run {
  readonly stored: StoredChain
  readonly context: WalkContext
  readonly options: VerificationOptions
}

interface Outcome {
  readonly state: WalkState
  readonly fault: Fault | null
  /** The state after the last entry whose signature covers all before it. */
  readonly anchor: WalkState
}

/** Rows one by one, each with the one that follows. */
async function* pairs(run: Run, from: number): AsyncGenerator<readonly [StoredEntry, StoredEntry | null]> {
  let held: StoredEntry | null = null
  let checked = from
  for await (const batch of run.stored.entries(from)) {
    run.options.signal?.throwIfAborted()
    for (const row of batch) {
      if (held) yield [held, row]
      held = row
    }
    checked += batch.length
    run.options.onProgress?.(checked)
  }
  if (held) yield [held, null]
}

const checkWitness = ({ options }: Run, row: StoredEntry, sequence: number): Fault | null => {
  const { witnessed } = options
  if (!witnessed || witnessed.sequence !== sequence || sameBytes(witnessed.signature, row.signature)) return null
  return { kind: 'forked', sequence, what: 'witness' }
}

/** A fault in a row that sits in the right place may still mean that the row was put there. */
const refine = (found: Fault, run: Run, state: WalkState, row: StoredEntry, next: StoredEntry | null): Fault => {
  const isForgery = found.what === 'signature' || found.kind === 'unknown-key' || found.kind === 'wrong-key'
  if (!isForgery || found.kind === 'unsealed') return found
  const misfit = { row, entry: null, next, state, context: run.context, entries: run.stored.entries }
  const head = run.stored.head
  const isBeyond = found.what === 'signature' && head !== null && state.expected > head.sequence
  return isBeyond || goesOnWithout(misfit) ? { kind: 'inserted', sequence: row.sequence, what: found.what } : found
}

const walk = async (run: Run, start: WalkState, everySignature: boolean): Promise<Outcome> => {
  let state = start
  let anchor = copyState(start)
  for await (const [row, next] of pairs(run, start.expected)) {
    const entry = tryParse(row)
    if (entry === null || !fits(entry, state, run.context.chain)) {
      const misfit = { row, entry, next, state, context: run.context, entries: run.stored.entries }
      return { state, anchor, fault: await classify(misfit) }
    }
    const after = advance(row, entry, state, run.context, everySignature)
    if ('kind' in after) return { state, anchor, fault: refine(after, run, state, row, next) }
    const contradicted = checkWitness(run, row, entry.sequence)
    if (contradicted) return { state: after, anchor, fault: contradicted }
    state = after
    if (isAnnouncement(entry)) anchor = copyState(state)
  }
  return { state, anchor, fault: null }
}

const checkHead = ({ stored, options }: Run, { expected, last, tree }: WalkState): Fault | null => {
  const { head } = stored
  if (!last) return head && head.sequence >= 0 ? at('truncated', 0, 'entry') : at('unsealed', 0, 'chain')
  if (options.witnessed && options.witnessed.sequence >= expected) return at('truncated', expected, 'witness')
  if (!head) return at('altered', expected - 1, 'head')
  if (head.sequence >= expected) return at('truncated', expected, 'entry')
  if (head.sequence < expected - 1) return at('stale-head', head.sequence + 1, 'head')
  if (!sameBytes(head.signature, last.signature)) return at('altered', head.sequence, 'head')
  const isEdgeRight = head.frontier === null || sameBytes(head.frontier, tree.toBytes())
  return isEdgeRight ? null : at('altered', head.sequence, 'frontier')
}

const at = (kind: Fault['kind'], sequence: number, what: string): Fault => ({ kind, sequence, what })

/** What can only be told at the end. */
const checkEnd = (run: Run, state: WalkState): Fault | null => {
  const head = checkHead(run, state)
  if (head) return head
  const [orphan] = [...state.erased].sort((left, right) => left - right)
  if (orphan !== undefined) return at('payload-mismatch', orphan, 'erased')
  const stray = run.stored.keys.some((key) => !state.keys.announced.has(key.keyId))
  const isDoubled = run.context.keys.size !== run.stored.keys.length
  if (stray || isDoubled) return at('inserted', state.expected - 1, 'audit-key')
  return state.keys.trusted ? null : at('unknown-key', 0, 'untrusted')
}

const runOnce = async (run: Run): Promise<Outcome> => {
  const start = startOf(run.stored.chain)
  if (run.options.mode === 'full') return walk(run, start, true)
  const quick = await walk(run, start, false)
  // Up to the last anchor its signature over the tree root proves every entry. What follows, and what lies between
  // the last good anchor and a fault, is walked again with every signature: for proof, and for the exact place.
  const again = await walk(run, quick.anchor, true)
  return again.fault ? again : { ...again, fault: quick.fault }
}

/**
 * Verifies one chain as stored, in memory that does not grow with it (but for erased payloads whose tombstone is still
 * to come). `full` checks every signature; `quick` checks those that announce keys, each of which signs the Merkle root
 * of all entries before it, and every signature after the last of them. Both check links, order, copies, payloads and
 * head. The first fault found is the verdict. Rejects with the signal's reason when it is aborted.
 */
export const verifyChain = async (stored: StoredChain, options: VerificationOptions): Promise<Verdict> => {
  const context: WalkContext = {
    chain: stored.chain,
    keys: new Map(stored.keys.map((key) => [key.keyId, key])),
    trustedKeyIds: new Set(options.trustedKeyIds),
    verify: options.verify ?? createSignatureVerifier(),
  }
  const run = { stored, context, options }
  const { state, fault } = await runOnce(run)
  const found = fault ?? checkEnd(run, state)
  const { chain } = stored
  const { mode } = options
  if (found || !state.last) {
    const verdict = found ?? at('unsealed', 0, 'chain')
    return { ok: false, chain, mode, entries: state.expected, ...verdict }
  }
  return {
    ok: true,
    chain,
    mode,
    entries: state.expected,
    head: { sequence: state.expected - 1, signature: encodeBase64url(state.last.signature) },
    root: Buffer.from(state.tree.root()).toString('base64'),
    signaturesChecked: state.signaturesChecked,
    payloadsErased: state.payloadsErased,
  }
}

export type { EntrySource }
