import { sameBytes } from './bytes.ts'
import type { WitnessedHead } from './chain-walk.ts'
import type { StoredChain } from './stored.ts'
import type { Fault } from './verdict.ts'
import type { WalkContext, WalkState } from './walk.ts'

const at = (kind: Fault['kind'], sequence: number, what: string): Fault => ({ kind, sequence, what })

const checkHead = (stored: StoredChain, state: WalkState, witnessed: WitnessedHead | undefined): Fault | null => {
  const { head } = stored
  const { expected, from, tree, previous } = state
  if (expected === from && from === 0) {
    return head && head.sequence >= 0 ? at('truncated', 0, 'entry') : at('unsealed', 0, 'chain')
  }
  if (witnessed && witnessed.sequence >= expected) return at('truncated', expected, 'witness')
  if (!head) return at('altered', expected - 1, 'head')
  if (head.sequence >= expected) return at('truncated', expected, 'entry')
  if (head.sequence < expected - 1) return at('stale-head', head.sequence + 1, 'head')
  if (!sameBytes(head.signature, previous)) return at('altered', head.sequence, 'head')
  const isEdgeRight = head.frontier === null || sameBytes(head.frontier, tree.toBytes())
  return isEdgeRight ? null : at('altered', head.sequence, 'frontier')
}

const checkStray = async (stored: StoredChain, { expected, from }: WalkState): Promise<Fault | null> => {
  // Every entry walked had exactly one payload row.
  const met = expected - from
  const stray = await stored.findStray?.({ entries: met, payloads: met })
  return stray ? at('inserted', stray.sequence, `stray-${stray.table}`) : null
}

/** What can only be told at the end. */
export const findEndFault = async (
  stored: StoredChain,
  state: WalkState,
  { keys }: WalkContext,
  witnessed: WitnessedHead | undefined,
): Promise<Fault | null> => {
  const head = checkHead(stored, state, witnessed)
  if (head) return head
  // A cut the chain says nothing of was put there, by one who had the key's signature for it.
  if (state.cut) return at('inserted', state.from, 'cut')
  const orphan = state.erased.first()
  if (orphan !== null) return at('payload-mismatch', orphan.from, orphan.wrong ?? 'erased')
  const stray = await checkStray(stored, state)
  if (stray) return stray
  const isUnannounced = stored.keys.some((key) => !state.keys.announced.has(key.keyId))
  if (isUnannounced || keys.size !== stored.keys.length) return at('inserted', state.expected - 1, 'audit-key')
  return state.keys.trusted ? null : at('unknown-key', 0, 'untrusted')
}
