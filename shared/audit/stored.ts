import type { NoteKey } from './checkpoint.ts'
import type { VerifySignature } from './crypto.ts'
import type { AuditKey } from './key-statement.ts'

/** The payload row of an entry: bytes, or who erased them, when and under which rule. */
export interface StoredPayload {
  readonly salt: Uint8Array
  readonly bytes: Uint8Array | null
  readonly erasedAt: number | null
  readonly erasedBy: string | null
  readonly erasedRule: string | null
}

/** An entry as a store holds it: the signed bytes, and copies of what they say for filters. */
export interface StoredEntry {
  readonly chain: string
  readonly sequence: number
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
  readonly previousSignature: Uint8Array
  readonly keyId: string
  readonly intentId: string
  readonly at: number
  readonly tenant: string
  readonly division: string | null
  readonly office: string | null
  readonly operatorId: string | null
  readonly operatorRole: string | null
  readonly station: string | null
  readonly action: string
  readonly objectType: string
  readonly objectId: string
  readonly correlationId: string
  /** Every payload row stored for this place; in a sound chain there is exactly one. */
  readonly payloads: readonly StoredPayload[]
}

/** What the store says is the end of the chain. `frontier` is null where the store keeps none. */
export interface StoredHead {
  readonly sequence: number
  readonly signature: Uint8Array
  readonly frontier: Uint8Array | null
}

/**
 * Reads one chain from a stored sequence on, ordered by stored sequence and then as inserted, in batches. It is read
 * again from the last anchor to find the exact place of a fault, so it must give the same rows each time (a snapshot).
 */
export type EntrySource = (from: number) => AsyncIterable<readonly StoredEntry[]>

/**
 * Where the chain was cut by cleaning: entries below `size` are gone, and what is left is verified from this record.
 * `statement` is canonical JSON (`cut.ts`), signed by the key-store key in force when the cut was made; an entry that
 * is still there announces it. `note` is the checkpoint of `size`, signed by the chain's note key; null where the
 * chain had none.
 */
export interface StoredCut {
  readonly size: number
  readonly statement: Uint8Array
  readonly signature: Uint8Array
  readonly note: string | null
}

/**
 * A checkpoint as it is stored: `size` and `root` are copies of what the signed note says. `link` is the note key's
 * signature that the one made before it was of `previousSize` entries (`checkpoint-link.ts`); both null, or left out,
 * for those made before there were links.
 */
export interface StoredCheckpoint {
  readonly size: number
  readonly root: Uint8Array
  readonly note: string
  readonly previousSize?: number | null
  readonly link?: Uint8Array | null
  /** RFC 3161 token over the note's text, and the time it says; null, or left out, where it was not stamped. */
  readonly timestampToken?: Uint8Array | null
  readonly stampedAt?: number | null
}

/**
 * A key that signs the chain's checkpoints. `isBound` tells whether a statement that names this key and this chain is
 * signed by the key-store key `endorsedBy`, whose public key it is given.
 */
export interface StoredNoteKey {
  readonly key: NoteKey
  readonly endorsedBy: string
  /** Whether its statement says that each of its notes has a link. */
  readonly isLinking: boolean
  readonly isBound: (endorserSpki: Uint8Array, verify: VerifySignature) => boolean
}

/** A row no walk along the chain can meet: before its beginning, or a payload that belongs to no entry. */
export interface StrayRow {
  readonly table: 'entry' | 'payload'
  readonly sequence: number
}

/** All that is stored of one chain. */
export interface StoredChain {
  readonly chain: string
  readonly head: StoredHead | null
  readonly keys: readonly AuditKey[]
  readonly entries: EntrySource
  /** Null or left out: the chain is there from its first entry. */
  readonly cut?: StoredCut | null
  /** Checkpoints of `from` entries and more, by size. Left out: none are kept. */
  readonly checkpoints?: (from: number) => AsyncIterable<readonly StoredCheckpoint[]>
  readonly noteKeys?: readonly StoredNoteKey[]
  /** Given how many rows the walk met, the first one stored that it did not, or null. Left out: there can be none. */
  readonly findStray?: (met: { readonly entries: number; readonly payloads: number }) => Promise<StrayRow | null>
}
