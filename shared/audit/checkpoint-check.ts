import { sameBytes } from './bytes.ts'
import { parseCheckpoint, verifyNote } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { VerifySignature } from './crypto.ts'
import type { AuditKey } from './key-statement.ts'
import type { StoredCheckpoint, StoredNoteKey } from './stored.ts'
import type { Fault } from './verdict.ts'

/** Checks the notes of one chain: the keys that may sign them, bound by its key-store keys. */
export interface NoteChecker {
  /**
   * What is wrong with a stored checkpoint whose entries have this root, or null. `root` null: the entries are not
   * there to be hashed, only the note itself is looked at.
   */
  findFault(checkpoint: StoredCheckpoint, root: Uint8Array | null, what: string): Fault | null
}

interface NoteContext {
  readonly keys: ReadonlyMap<string, AuditKey>
  readonly noteKeys: readonly StoredNoteKey[]
  readonly verify: VerifySignature
}

const isBound = (key: StoredNoteKey, { keys, verify }: NoteContext): boolean => {
  const endorser = keys.get(key.endorsedBy)
  return endorser?.kind === 'hsm' && key.isBound(endorser.spki, verify)
}

/** What one of the keys signed under its own name; null when none of them signed a checkpoint here. */
const readSigned = (note: string, keys: readonly StoredNoteKey[], verify: VerifySignature): Checkpoint | null => {
  for (const { key } of keys) {
    try {
      const said = parseCheckpoint(verifyNote(note, key, verify))
      if (said.origin === key.name) return said
    } catch {
      // Not of this key, or no note at all: a finding, once all keys were tried.
    }
  }
  return null
}

export const createNoteChecker = (context: NoteContext): NoteChecker => {
  const bound = context.noteKeys.filter((key) => isBound(key, context))
  return {
    findFault: (checkpoint, root, what) => {
      const at = (kind: Fault['kind']): Fault => ({ kind, sequence: checkpoint.size, what })
      // A note key nobody of the key store vouched for signs nothing here.
      if (bound.length === 0) return at('unknown-key')
      const said = readSigned(checkpoint.note, bound, context.verify)
      if (!said || said.size !== checkpoint.size || !sameBytes(said.root, checkpoint.root)) return at('altered')
      // Validly signed for another root: whoever signed saw another past.
      return root === null || sameBytes(said.root, root) ? null : at('forked')
    },
  }
}
