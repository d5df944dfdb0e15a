import type { Generated, Kysely, Transaction } from 'kysely'
import type { Blob, Flag, JsonText, Time } from './columns.ts'

/** One row per chain; the head is written in the transaction of the entries it points at. */
export interface ChainTable {
  chain: string
  created_at: Time
  /** Sequence of the last entry; -1 while there is none. */
  head_sequence: number
  /** Signature of the last entry, or the chain's genesis value. */
  head_signature: Blob
  /** Right edge of the Merkle tree over all entries up to the head (`MerkleFrontier.toBytes`). */
  frontier: Blob
}
/** A text that entries mean by its number: tenants, operators, offices, object types and the like. Never changed. */
export interface WordTable {
  id: Generated<number>
  text: string
}
/**
 * The entry's bytes are the truth; every other column but `signature` is a copy for filters, checked by verification.
 * Those typed `Word` hold numbers of `word`.
 */
export interface EntryTable {
  id: Generated<number>
  chain: string
  sequence: number
  at: Time
  tenant: Word
  division: Word | null
  office: Word | null
  operator_id: Word | null
  operator_role: Word | null
  station: Word | null
  action: Word
  object_type: Word
  key_id: Word
  object_id: string
  correlation_id: string
  intent_id: string
  /** The last 16 bytes of the signature before; the whole of it is in `bytes`. */
  previous_signature: Blob
  signature: Blob
  /** Canonical JSON (RFC 8785) exactly as hashed and signed. */
  bytes: Blob
  /** 1 when the indexes of lists hold it; until then lists find it by walking what is not in them yet. */
  listed: Generated<Flag>
}
type Word = number
/** Up to which sequence a chain is in the full text; what comes after is searched by reading it. */
export interface SearchPositionTable {
  chain: string
  sequence: number
}
export interface PayloadTable {
  chain: string
  sequence: number
  salt: Blob
  /** Canonical JSON of before, after, changed fields and reason; null once erased. */
  bytes: Blob | null
  erased_at: Time | null
  erased_by: string | null
  erased_rule: string | null
}
export interface AuditKeyTable {
  /** SHA-256 of `spki`, base64url. */
  key_id: string
  chain: string
  kind: 'hsm' | 'epoch'
  algorithm: string
  label: string | null
  spki: Blob
  certificate: Blob | null
  /** The statement that brings the key in (canonical JSON), who signed it, and the signature. */
  statement: Blob
  endorsed_by: string
  endorsement: Blob
  created_at: Time
}
export interface CheckpointTable {
  chain: string
  size: number
  root: Blob
  /** C2SP signed note, as sent. */
  note: string
  /** Size of the checkpoint made before it (0: none), and the note key's signature over that; null in rows of before. */
  previous_size: number | null
  link: Blob | null
  created_at: Time
  /** RFC 3161 token over the note's text, and when it says that was. */
  timestamp_token: Blob | null
  stamped_at: Time | null
}
/** A key that signs a chain's checkpoints; unique (chain, key_id). */
export interface NoteKeyTable {
  chain: string
  /** SHA-256 of `public_key`, base64url. */
  key_id: string
  /** Ed25519, raw. */
  public_key: Blob
  /** The private half, sealed under a key that never leaves the key store. */
  sealed: Blob
  /** What binds it to the key store: shared/audit/note-key-statement.ts. */
  statement: Blob
  endorsed_by: string
  endorsement: Blob
  created_at: Time
}
/** Roots of the tree's full blocks of 256^level entries; unique (chain, level, position). */
export interface TreeHashTable {
  chain: string
  level: number
  position: number
  hash: Blob
}
/** What a witness signed; unique (chain, witness, size). */
export interface CosignatureTable {
  chain: string
  witness: string
  size: number
  /** One line of the checkpoint's note, newline included. */
  line: string
  signed_at: Time
  received_at: Time
}
/** The witness key of a station, bound at its first use; outside witnesses are named by the configuration. */
export interface WitnessTable {
  /** `station/` and the station's id. */
  name: string
  tenant: string
  station: string
  /** C2SP vkey, type 0x04. */
  vkey: string
  bound_at: Time
}
export interface VerificationRunTable {
  id: string
  chain: string
  mode: 'quick' | 'full'
  state: 'running' | 'passed' | 'failed' | 'cancelled' | 'error'
  requested_by: string | null
  started_at: Time
  ended_at: Time | null
  checked: number
  total: number
  /** The verdict as JSON once it ended. */
  verdict: JsonText | null
  /** The node that runs it; null for one of before nodes were told apart. */
  node: string | null
  /** Entries walked at the last saved state; `walk` is that state, `walk_seal` the key store's signature over it. */
  position: number | null
  walk: Blob | null
  walk_seal: Blob | null
  /** A closed code, for a run that could not come to a verdict. */
  error_code: string | null
  /** What of the chain was asked for, as JSON; null for all of it. */
  scope: JsonText | null
  scheduled: Generated<Flag>
}
/** Where a chain was cut: the signed statement is in shared/audit/cut.ts; `size` is a copy of what it says. */
export interface ChainCutTable {
  chain: string
  size: number
  statement: Blob
  signature: Blob
  /** The checkpoint of `size`, a C2SP signed note. */
  note: string | null
  created_at: Time
}
/** SQLite: an FTS5 table; PostgreSQL: a table with a tsvector. Reached only through server/db/full-text.ts. */
export interface EntrySearchTable {
  rowid: number
  words: string
}

export interface AuditDb {
  chain: ChainTable
  word: WordTable
  entry: EntryTable
  payload: PayloadTable
  audit_key: AuditKeyTable
  checkpoint: CheckpointTable
  note_key: NoteKeyTable
  tree_hash: TreeHashTable
  cosignature: CosignatureTable
  witness: WitnessTable
  verification_run: VerificationRunTable
  chain_cut: ChainCutTable
  entry_search: EntrySearchTable
  search_position: SearchPositionTable
}

export type AuditDatabase = Kysely<AuditDb>
export type AuditTransaction = Transaction<AuditDb>
