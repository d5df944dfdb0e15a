import type { Kysely, Selectable } from 'kysely'
import type { StoredCheckpoint, StoredNoteKey } from '../../../shared/audit/stored.ts'
import { storedNoteKeyOf } from '../../../shared/audit/note-key-statement.ts'
import type { Endorsed } from '../../../shared/audit/note-key-statement.ts'
import type { TileHash, TileSpan } from '../../../shared/audit/tiles.ts'
import type { AuditDb, CheckpointTable, NoteKeyTable } from '../schema.ts'

type Reader = Kysely<AuditDb>

/** A checkpoint as stored; `note` without cosignatures. */
export interface CheckpointRecord extends StoredCheckpoint {
  readonly chain: string
  /** UTC in ms. */
  readonly at: number
  readonly previousSize: number | null
  readonly link: Uint8Array | null
  readonly stamp: { readonly token: Uint8Array; readonly at: number } | null
}

const toRecord = (row: Selectable<CheckpointTable>): CheckpointRecord => ({
  chain: row.chain,
  size: row.size,
  root: row.root,
  note: row.note,
  previousSize: row.previous_size,
  link: row.link,
  at: row.created_at,
  timestampToken: row.timestamp_token,
  stampedAt: row.stamped_at,
  stamp: row.timestamp_token && row.stamped_at !== null ? { token: row.timestamp_token, at: row.stamped_at } : null,
})

/**
 * Stores a checkpoint; one of that size that is there already stays (it says the same, or nothing would be signed), and
 * so does one that is linked to the same one before it: then this one is not stored.
 */
export const insertCheckpoint = async (db: Reader, made: Omit<CheckpointRecord, 'stamp'>): Promise<void> => {
  const { chain, size, root, note, at, previousSize, link } = made
  await db
    .insertInto('checkpoint')
    .values({
      chain,
      size,
      root,
      note,
      previous_size: previousSize,
      link,
      created_at: at,
      timestamp_token: null,
      stamped_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

const ofChain = (db: Reader, chain: string) => db.selectFrom('checkpoint').selectAll().where('chain', '=', chain)

export const readLatestCheckpoint = async (db: Reader, chain: string): Promise<CheckpointRecord | null> => {
  const row = await ofChain(db, chain).orderBy('size', 'desc').limit(1).executeTakeFirst()
  return row ? toRecord(row) : null
}

export const readCheckpoint = async (db: Reader, chain: string, size: number): Promise<CheckpointRecord | null> => {
  const row = await ofChain(db, chain).where('size', '=', size).executeTakeFirst()
  return row ? toRecord(row) : null
}

/** Names of chains that have a checkpoint. */
export const listCheckpointedChains = async (db: Reader): Promise<readonly string[]> => {
  const rows = await db.selectFrom('checkpoint').select('chain').distinct().orderBy('chain').execute()
  return rows.map((row) => row.chain)
}

/** Checkpoints of `from` entries and more, by size, in batches. */
export const streamCheckpoints = (db: Reader, chain: string, batch = 500) =>
  async function* (from: number): AsyncGenerator<readonly StoredCheckpoint[]> {
    for (let next = from; ;) {
      const rows = await ofChain(db, chain).where('size', '>=', next).orderBy('size').limit(batch).execute()
      const last = rows.at(-1)
      if (!last) return
      yield rows.map(toRecord)
      next = last.size + 1
    }
  }

export const stampCheckpoint = async (
  db: Reader,
  { chain, size }: { readonly chain: string; readonly size: number },
  stamp: { readonly token: Uint8Array; readonly at: number },
): Promise<void> => {
  const query = db.updateTable('checkpoint').set({ timestamp_token: stamp.token, stamped_at: stamp.at })
  await query.where('chain', '=', chain).where('size', '=', size).where('timestamp_token', 'is', null).execute()
}

/** The checkpoint time-stamped last. */
export const readStampedCheckpoint = async (db: Reader, chain: string): Promise<CheckpointRecord | null> => {
  const stamped = ofChain(db, chain).where('stamped_at', 'is not', null)
  const row = await stamped.orderBy('stamped_at', 'desc').limit(1).executeTakeFirst()
  return row ? toRecord(row) : null
}

/** Rows in one INSERT. */
const CHUNK = 200

/** Stores block roots; those that are there stay. */
export const insertTreeHashes = async (db: Reader, chain: string, hashes: readonly TileHash[]): Promise<void> => {
  for (let from = 0; from < hashes.length; from += CHUNK) {
    const rows = hashes.slice(from, from + CHUNK).map((hash) => ({ chain, ...hash }))
    await db
      .insertInto('tree_hash')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['chain', 'level', 'position']).doNothing())
      .execute()
  }
}

/** Block roots of one level in order, as many as are there. */
export const readTreeHashes = async (db: Reader, chain: string, span: TileSpan): Promise<readonly Uint8Array[]> => {
  const rows = await db
    .selectFrom('tree_hash')
    .select('hash')
    .where('chain', '=', chain)
    .where('level', '=', span.level)
    .where('position', '>=', span.from)
    .where('position', '<', span.to)
    .orderBy('position')
    .execute()
  return rows.map((row) => row.hash)
}

/** Entry bytes from one sequence (included) to another (excluded), in order, as many as are there. */
export const readEntryBytes = async (
  db: Reader,
  chain: string,
  from: number,
  to: number,
): Promise<readonly Uint8Array[]> => {
  const rows = await db
    .selectFrom('entry')
    .select('bytes')
    .where('chain', '=', chain)
    .where('sequence', '>=', from)
    .where('sequence', '<', to)
    .orderBy('sequence')
    .execute()
  return rows.map((row) => row.bytes)
}

export interface NoteKeyRecord extends Endorsed {
  readonly chain: string
  readonly keyId: string
  readonly publicKey: Uint8Array
  readonly sealed: Uint8Array
  readonly endorsedBy: string
  readonly createdAt: number
}

const toNoteKey = (row: Selectable<NoteKeyTable>): NoteKeyRecord => ({
  chain: row.chain,
  keyId: row.key_id,
  publicKey: row.public_key,
  sealed: row.sealed,
  statement: row.statement,
  endorsedBy: row.endorsed_by,
  endorsement: row.endorsement,
  createdAt: row.created_at,
})

export const insertNoteKey = async (db: Reader, key: NoteKeyRecord): Promise<void> => {
  await db
    .insertInto('note_key')
    .values({
      chain: key.chain,
      key_id: key.keyId,
      public_key: key.publicKey,
      sealed: key.sealed,
      statement: key.statement,
      endorsed_by: key.endorsedBy,
      endorsement: key.endorsement,
      created_at: key.createdAt,
    })
    .execute()
}

/** Note keys of a chain, newest first. */
export const listNoteKeys = async (db: Reader, chain: string): Promise<readonly NoteKeyRecord[]> => {
  const query = db.selectFrom('note_key').selectAll().where('chain', '=', chain)
  const rows = await query.orderBy('created_at', 'desc').orderBy('key_id').execute()
  return rows.map(toNoteKey)
}

/** The same as the verifier of a whole chain takes them: `StoredChain.noteKeys`. `origin` as the statement says it. */
export const readStoredNoteKeys = async (db: Reader, chain: string): Promise<readonly StoredNoteKey[]> => {
  const keys = await listNoteKeys(db, chain)
  return keys.map((key) => storedNoteKeyOf(chain, key.publicKey, key.endorsedBy, key))
}

/** The chain's key-store keys as they were brought in, oldest first; epoch keys, of which there are many, left out. */
export const listHsmStatements = async (db: Reader, chain: string): Promise<readonly Endorsed[]> => {
  const query = db.selectFrom('audit_key').select(['statement', 'endorsement'])
  const hsm = query.where('chain', '=', chain).where('kind', '=', 'hsm')
  return hsm.orderBy('created_at').orderBy('key_id').execute()
}

/** Whether an intent became an entry: how a note key and a witness are known to be announced. */
export const isEntry = async (db: Reader, intent: string): Promise<boolean> =>
  (await db.selectFrom('entry').select('sequence').where('intent_id', '=', intent).executeTakeFirst()) !== undefined
