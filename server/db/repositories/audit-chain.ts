import type { Kysely } from 'kysely'
import { AppError } from '../../../shared/contract/errors.ts'
import type { AuditKey } from '../../../shared/audit/key-statement.ts'
import type { StoredHead } from '../../../shared/audit/stored.ts'
import type { AuditDb } from '../schema.ts'

type Reader = Kysely<AuditDb>

export interface ChainHead extends StoredHead {
  readonly frontier: Uint8Array
}

/** The stored head; null when there is no such chain. */
export const readHead = async (db: Reader, chain: string): Promise<ChainHead | null> => {
  const row = await db.selectFrom('chain').selectAll().where('chain', '=', chain).executeTakeFirst()
  return row ? { sequence: row.head_sequence, signature: row.head_signature, frontier: row.frontier } : null
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
  const moved = await db
    .updateTable('chain')
    .set({ head_sequence: to.sequence, head_signature: to.signature, frontier: to.frontier })
    .where('chain', '=', chain)
    .where('head_sequence', '=', from)
    .executeTakeFirst()
  if (moved.numUpdatedRows !== 1n) throw new AppError('CHAIN_CONFLICT', { chain })
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

/** Name of the key-store key in force: the one announced last. */
export const readRootKeyId = async (db: Reader, chain: string): Promise<string | null> => {
  const row = await db
    .selectFrom('entry')
    .innerJoin('audit_key', (join) =>
      join.onRef('audit_key.key_id', '=', 'entry.object_id').onRef('audit_key.chain', '=', 'entry.chain'),
    )
    .select('audit_key.key_id')
    .where('entry.chain', '=', chain)
    .where('entry.object_type', '=', 'audit-key')
    .where('audit_key.kind', '=', 'hsm')
    .orderBy('entry.sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.key_id ?? null
}
