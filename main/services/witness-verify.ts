import { noteKeyId, parseCheckpoint, parseNote, signaturesOf } from '../../shared/audit/checkpoint.ts'
import type { VerifySignature } from '../../shared/audit/crypto.ts'
import { verifyConsistency, type TreeHead } from '../../shared/audit/merkle.ts'
import { fromBase64, toBase64 } from '../../shared/audit/note-key.ts'
import {
  parseNoteKeyStatement,
  rootKeyIdOf,
  traceHsmKeys,
  verifyCheckpointNote,
  type Endorsed,
} from '../../shared/audit/note-key-statement.ts'
import { AppError } from '../../shared/contract/index.ts'
import type { CheckpointView, ContradictionKind } from '../../shared/contract/routes/audit-witness.ts'

/** What a desk is shown cannot be true together with what it keeps, or is no checkpoint at all. */
export class WitnessRefusal extends Error {
  readonly kind: ContradictionKind
  constructor(kind: ContradictionKind, cause?: unknown) {
    super(`the checkpoint is refused: ${kind}`, { cause })
    this.kind = kind
  }
}

/** A checkpoint whose note was verified. `text` is what was signed. */
export interface ShownCheckpoint extends TreeHead {
  readonly origin: string
  readonly text: string
}

/**
 * Verifies what the server shows of a chain, which an attacker who holds the server may have made up:
 * 1. the origin is the one pinned at first sight (`pinned` null: now), and names the chain's first key-store key;
 * 2. from that key alone, every later key-store key was brought in by one before it;
 * 3. one of them bound the note key that signed the note to this origin, so a new note key needs a roll-over that is
 *    proved;
 * 4. the note says what the answer says beside it.
 * Throws `WitnessRefusal` (`key-changed`, `invalid`).
 */
export function readShown(view: CheckpointView, pinned: string | null, verify: VerifySignature): ShownCheckpoint {
  if (pinned !== null && view.origin !== pinned) throw new WitnessRefusal('key-changed')
  const noteKeys = view.binding.noteKeys.map(decoded)
  const { checkpoint, text } = asRefusal(view, noteKeys, () => {
    const root = rootKeyIdOf(view.chain, view.origin)
    const hsmKeys = traceHsmKeys(view.chain, view.binding.hsmKeys.map(decoded), [root], verify)
    return verifyCheckpointNote(view.note, noteKeys, hsmKeys, verify)
  })
  const { origin, size, root } = checkpoint
  if (origin !== view.origin || size !== view.size || toBase64(root) !== view.root) throw new WitnessRefusal('invalid')
  return { origin, size, root, text }
}

/**
 * Verifies that `shown` extends `kept` (C2SP tlog-witness). `ask` gets the server's proof for a larger tree (RFC 6962
 * 2.1.2). Throws `WitnessRefusal` (`truncated`, `forked`, `rewritten`), and whatever `ask` throws.
 */
export async function proveExtends(
  kept: TreeHead,
  shown: TreeHead,
  ask: (from: number, to: number) => Promise<readonly string[]>,
): Promise<void> {
  if (shown.size < kept.size) throw new WitnessRefusal('truncated')
  if (shown.size === kept.size) {
    if (toBase64(shown.root) !== toBase64(kept.root)) throw new WitnessRefusal('forked')
    return
  }
  const proof = await ask(kept.size, shown.size)
  try {
    verifyConsistency(kept, shown, proof.map(fromBase64))
  } catch (error) {
    throw new WitnessRefusal('rewritten', error)
  }
}

/** What a kept note says. It was verified before it was kept. */
export const headOf = (note: string): TreeHead & { text: string } => {
  const { text } = parseNote(note)
  const { size, root } = parseCheckpoint(text)
  return { size, root, text }
}

const decoded = ({ statement, endorsement }: { statement: string; endorsement: string }): Endorsed => ({
  statement: Uint8Array.from(Buffer.from(statement, 'base64url')),
  endorsement: Uint8Array.from(Buffer.from(endorsement, 'base64url')),
})

/** A note that none of the keys shown could have signed, or whose key nobody vouches for, was signed by another key. */
function asRefusal<T>(view: CheckpointView, noteKeys: readonly Endorsed[], check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const isUnbound = ['note-key-endorsement', 'key-endorsement'].includes(String(error.detail['reason']))
    throw new WitnessRefusal(isUnbound || !claimsKnownKey(view, noteKeys) ? 'key-changed' : 'invalid', error)
  }
}

function claimsKnownKey(view: CheckpointView, noteKeys: readonly Endorsed[]): boolean {
  try {
    const note = parseNote(view.note)
    return noteKeys.some(({ statement }) => {
      const { key } = parseNoteKeyStatement(statement)
      return signaturesOf(note, key.name, noteKeyId(key)).length > 0
    })
  } catch (error) {
    // Not even a note or a statement: nothing is claimed that could be compared.
    if (error instanceof AppError) return true
    throw error
  }
}
