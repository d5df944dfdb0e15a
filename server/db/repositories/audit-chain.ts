import type { Compilable, Kysely } from 'kysely'
import { AppError } from '../../../shared/contract/errors.ts'
import type { AuditKey } from '../../../shared/audit/key-statement.ts'
import type { StoredHead } from '../../../shared/audit/stored.ts'
import type { AuditDb } from '../schema.ts'
import { LISTED, UNLISTED } from './audit-plan.ts'
import { runBuilt } from './audit-statements.ts'
import { findWords } from './audit-words.ts'

type Reader = Kysely<AuditDb>

export interface ChainHead extends StoredHead {
  readonly frontier: Uint8Array
}

/** The stored head; null when there is no such chain. */
export const readHead = async (db: Reader, chain: string): Promise<ChainHead | null> => {
  const row = await db.selectFrom('chain').selectAll().where('chain', '=', chain).executeTakeFirst()
  return row ? { sequence: row.head_sequence, signature: row.head_signature, frontier: row.frontier } : null
}

/** Whether the entry the head names is there, with the signature the head has. */
export const hasEnd = async (db: Reader, chain: string, { sequence, signature }: ChainHead): Promise<boolean> => {
  const query = db.selectFrom('entry').select('id').where('chain', '=', chain).where('sequence', '=', sequence)
  return (await query.where('signature', '=', signature).limit(1).executeTakeFirst()) !== undefined
}

export const listChains = async (db: Reader): Promise<readonly string[]> => {
  const rows = await db.selectFrom('chain').select('chain').orderBy('chain').execute()
  return rows.map((row) => row.chain)
}

/** Makes a chain with no entry. Throws REQUEST_CONFLICT where there is one of that name. */
export const insertChain = async (db: Reader, chain: string, head: ChainHead, at: number): Promise<void> => {
  await db
    .insertInto('chain')
    .values({
      chain,
      created_at: at,
      head_sequence: head.sequence,
      head_signature: head.signature,
      frontier: head.frontier,
    })
    .execute()
}

/** Moves the head, only from where the writer believes it is. Throws CHAIN_CONFLICT when another writer moved it. */
export const moveHead = async (db: Reader, chain: string, from: number, to: ChainHead): Promise<void> => {
  const { sequence, signature, frontier } = to
  const build = (): Compilable =>
    db
      .updateTable('chain')
      .set({ head_sequence: sequence, head_signature: signature, frontier })
      .where('chain', '=', chain)
      .where('head_sequence', '=', from)
      .returning('head_sequence')
  const values = [sequence, signature, frontier, chain, from]
  const moved = await runBuilt(db as unknown as Kysely<never>, 'move head', build, values)
  if (moved.length !== 1) throw new AppError('CHAIN_CONFLICT', { chain })
}

export const insertAuditKey = async (db: Reader, key: AuditKey): Promise<void> => {
  await db
    .insertInto('audit_key')
    .values({
      key_id: key.keyId,
      chain: key.chain,
      kind: key.kind,
      algorithm: key.algorithm,
      label: key.label,
      spki: key.spki,
      certificate: key.certificate,
      statement: key.statement,
      endorsed_by: key.endorsedBy,
      endorsement: key.endorsement,
      created_at: key.createdAt,
    })
    .execute()
}

/** All keys ever brought into the chain, oldest first. */
export const listAuditKeys = async (db: Reader, chain: string): Promise<readonly AuditKey[]> => {
  const query = db.selectFrom('audit_key').selectAll().where('chain', '=', chain)
  const rows = await query.orderBy('created_at').orderBy('key_id').execute()
  return rows.map((row) => ({
    keyId: row.key_id,
    chain: row.chain,
    kind: row.kind,
    algorithm: row.algorithm,
    label: row.label,
    spki: row.spki,
    certificate: row.certificate,
    statement: row.statement,
    endorsedBy: row.endorsed_by,
    endorsement: row.endorsement,
    createdAt: row.created_at,
  }))
}

/** Name of the key-store key in force: the one announced last, or the newest where a cut took the announcement. */
export const readRootKeyId = async (db: Reader, chain: string): Promise<string | null> => {
  const type = (await findWords(db, ['audit-key'])).get('audit-key')
  if (type === undefined) return null
  const keys = await db
    .selectFrom('audit_key')
    .select('key_id')
    .where('chain', '=', chain)
    .where('kind', '=', 'hsm')
    .orderBy('created_at', 'desc')
    .execute()
  const ids = keys.map((key) => key.key_id)
  if (ids.length === 0) return null
  const about = db
    .selectFrom('entry')
    .select(['chain', 'sequence', 'object_id'])
    .where('object_id', 'in', ids)
    .where('object_type', '=', type)
  // The unlisted first: what is listed in between is met twice rather than never.
  const announcements = [...(await about.where(UNLISTED).execute()), ...(await about.where(LISTED).execute())]
  const last = announcements
    .filter((entry) => entry.chain === chain)
    .reduce<(typeof announcements)[number] | null>(
      (found, entry) => (found && found.sequence >= entry.sequence ? found : entry),
      null,
    )
  return last?.object_id ?? ids[0] ?? null
}
