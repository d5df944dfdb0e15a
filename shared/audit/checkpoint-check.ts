import { sameBytes } from './bytes.ts'
import { checkpointLinkBytes } from './checkpoint-link.ts'
import { findStampFault } from './checkpoint-stamp.ts'
import { parseCheckpoint, verifyNote } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { VerifySignature } from './crypto.ts'
import type { AuditKey } from './key-statement.ts'
import { spkiOfNoteKey } from './note-key.ts'
import type { StoredCheckpoint, StoredNoteKey } from './stored.ts'
import type { Fault } from './verdict.ts'

/** The checkpoint met last: what the next one must be linked to. */
export interface Noted {
  readonly size: number
  readonly isLinked: boolean
}

/** A checkpoint nothing is wrong with, and the key-store key that bound the key which signed it. */
export interface CheckedCheckpoint {
  readonly noted: Noted
  readonly endorsedBy: string
}

/** Checks the notes of one chain: the keys that may sign them, bound by its key-store keys. */
export interface NoteChecker {
  /**
   * What is wrong with a note whose entries have this root, or null. `root` null: the entries are not there to be
   * hashed, only the note itself is looked at.
   */
  findFault(checkpoint: StoredCheckpoint, root: Uint8Array | null, what: string): Fault | null
  /**
   * The same for a checkpoint as it is stored, and its link to the one before it. `from`: where the walk began; what
   * lies before may be gone.
   */
  check(
    checkpoint: StoredCheckpoint,
    root: Uint8Array | null,
    before: { readonly noted: Noted | null; readonly from: number },
  ): CheckedCheckpoint | Fault
}

interface NoteContext {
  readonly keys: ReadonlyMap<string, AuditKey>
  readonly noteKeys: readonly StoredNoteKey[]
  readonly verify: VerifySignature
}

interface Signed {
  readonly said: Checkpoint
  readonly by: StoredNoteKey
}

const isBound = (key: StoredNoteKey, { keys, verify }: NoteContext): boolean => {
  const endorser = keys.get(key.endorsedBy)
  return endorser?.kind === 'hsm' && key.isBound(endorser.spki, verify)
}

/** What one of the keys signed under its own name; null when none of them signed a checkpoint here. */
const readSigned = (note: string, keys: readonly StoredNoteKey[], verify: VerifySignature): Signed | null => {
  for (const by of keys) {
    try {
      const said = parseCheckpoint(verifyNote(note, by.key, verify))
      if (said.origin === by.key.name) return { said, by }
    } catch {
      // Not of this key, or no note at all: a finding, once all keys were tried.
    }
  }
  return null
}

const isFault = (value: Signed | Fault): value is Fault => 'kind' in value

type Before = Parameters<NoteChecker['check']>[2]

/** Where a signed link leads, against the checkpoint met last. */
const findGap = (size: number, previousSize: number, { noted, from }: Before): Fault | null => {
  const gone: Fault = { kind: 'deleted', sequence: previousSize, what: 'checkpoint' }
  // The first there is: one before it may be gone with the entries it was of.
  if (!noted) return previousSize <= from ? null : gone
  if (previousSize === noted.size) return null
  if (previousSize > noted.size) return gone
  return noted.isLinked
    ? { kind: 'forked', sequence: size, what: 'checkpoint.link' }
    : { kind: 'inserted', sequence: noted.size, what: 'checkpoint' }
}

export const createNoteChecker = (context: NoteContext): NoteChecker => {
  const { verify } = context
  const bound = context.noteKeys.filter((key) => isBound(key, context))

  const read = (checkpoint: StoredCheckpoint, root: Uint8Array | null, what: string): Signed | Fault => {
    const at = (kind: Fault['kind']): Fault => ({ kind, sequence: checkpoint.size, what })
    // A note key nobody of the key store vouched for signs nothing here.
    if (bound.length === 0) return at('unknown-key')
    const signed = readSigned(checkpoint.note, bound, verify)
    if (!signed) return at('altered')
    const { said } = signed
    if (said.size !== checkpoint.size || !sameBytes(said.root, checkpoint.root)) return at('altered')
    // Validly signed for another root: whoever signed saw another past.
    return root === null || sameBytes(said.root, root) ? signed : at('forked')
  }

  const findLinkFault = ({ size, previousSize, link }: StoredCheckpoint, signed: Signed, before: Before) => {
    const altered: Fault = { kind: 'altered', sequence: size, what: 'checkpoint.link' }
    const [previous, signature] = [previousSize ?? null, link ?? null]
    if (previous === null && signature === null) {
      // Notes of before there were links. A link taken away looks the same, but not after one that is there.
      return signed.by.isLinking || before.noted?.isLinked ? altered : null
    }
    if (previous === null || signature === null || previous >= size) return altered
    const { origin, root } = signed.said
    const isSigned = verify(
      spkiOfNoteKey(signed.by.key),
      checkpointLinkBytes({ origin, previousSize: previous, size, root }),
      signature,
    )
    return isSigned ? findGap(size, previous, before) : altered
  }

  return {
    findFault: (checkpoint, root, what) => {
      const signed = read(checkpoint, root, what)
      return isFault(signed) ? signed : null
    },
    check: (checkpoint, root, before) => {
      const signed = read(checkpoint, root, 'checkpoint')
      if (isFault(signed)) return signed
      const wrong = findLinkFault(checkpoint, signed, before)
      if (wrong) return wrong
      const stamp = findStampFault(checkpoint)
      if (stamp) return { kind: 'altered', sequence: checkpoint.size, what: `checkpoint.${stamp}` }
      const noted = { size: checkpoint.size, isLinked: (checkpoint.link ?? null) !== null }
      return { noted, endorsedBy: signed.by.endorsedBy }
    },
  }
}
