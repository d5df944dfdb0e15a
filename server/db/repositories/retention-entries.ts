import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { fullTextDeleteWords } from './retention-words.ts'
import type { DialectName } from '../migrations/index.ts'
import type { AuditDb } from '../schema.ts'
import { LISTED, UNLISTED } from './audit-plan.ts'
import { findWords, readWords } from './audit-words.ts'

type Reader = Kysely<AuditDb>

/** What of an entry decides how long it is kept. */
export interface ScannedEntry {
  readonly sequence: number
  readonly at: number
  readonly action: string
  readonly objectType: string
  readonly objectId: string
  readonly operatorRole: string | null
}

/** The chain's next entries from a sequence on, in order; without bytes, signatures and payloads. */
export const scanEntries = async (
  db: Reader,
  chain: string,
  from: number,
  limit: number,
): Promise<readonly ScannedEntry[]> => {
  const rows = await db
    .selectFrom('entry')
    .select(['sequence', 'at', 'action', 'object_type', 'object_id', 'operator_role'])
    .where('chain', '=', chain)
    .where('sequence', '>=', from)
    .orderBy('sequence')
    .limit(limit)
    .execute()
  const words = await readWords(
    db,
    rows.flatMap((row) => [row.action, row.object_type, row.operator_role]),
  )
  return rows.map((row) => ({
    sequence: row.sequence,
    at: row.at,
    action: words.get(row.action) ?? '',
    objectType: words.get(row.object_type) ?? '',
    objectId: row.object_id,
    operatorRole: row.operator_role === null ? null : (words.get(row.operator_role) ?? ''),
  }))
}

/** Bytes of entries and payloads of a part of the chain, `to` excluded. */
export const sumBytes = async (db: Reader, chain: string, from: number, to: number): Promise<number> => {
  const entries = await db
    .selectFrom('entry')
    .select(sql<number | string | null>`sum(length(bytes) + length(signature))`.as('bytes'))
    .where('chain', '=', chain)
    .where('sequence', '>=', from)
    .where('sequence', '<', to)
    .executeTakeFirst()
  const payloads = await db
    .selectFrom('payload')
    .select(sql<number | string | null>`sum(coalesce(length(bytes), 0))`.as('bytes'))
    .where('chain', '=', chain)
    .where('sequence', '>=', from)
    .where('sequence', '<', to)
    .executeTakeFirst()
  return Number(entries?.bytes ?? 0) + Number(payloads?.bytes ?? 0)
}

export interface ObjectEntry extends ScannedEntry {
  readonly chain: string
  /** Bytes of its payload; null where it is erased. */
  readonly bytes: number | null
}

/** Every entry of a tenant about an object, in all chains, oldest first. */
export const listEntriesAbout = async (
  db: Reader,
  object: { readonly type: string; readonly id: string },
  tenant: string,
): Promise<readonly ObjectEntry[]> => {
  const numbers = await findWords(db, [object.type, tenant])
  const [type, owner] = [numbers.get(object.type), numbers.get(tenant)]
  if (type === undefined || owner === undefined) return []
  // Left: SQLite begins with the entries, whichever of the two it takes for the smaller.
  const found = db
    .selectFrom('entry')
    .leftJoin('payload', (join) =>
      join.onRef('payload.chain', '=', 'entry.chain').onRef('payload.sequence', '=', 'entry.sequence'),
    )
    .select([
      'entry.chain',
      'entry.sequence',
      'entry.at',
      'entry.action',
      'entry.operator_role',
      sql<number | null>`length(payload.bytes)`.as('bytes'),
    ])
    .where('entry.object_id', '=', object.id)
    .where('entry.object_type', '=', type)
    .where('entry.tenant', '=', owner)
  // The unlisted first: what is listed in between is met twice rather than never.
  const unlisted = await found.where(UNLISTED).execute()
  const listed = await found.where(LISTED).execute()
  const met = new Set(unlisted.map(({ chain, sequence }) => `${chain} ${sequence}`))
  const rows = [...listed.filter(({ chain, sequence }) => !met.has(`${chain} ${sequence}`)), ...unlisted].sort(
    (one, other) => (one.chain === other.chain ? one.sequence - other.sequence : one.chain < other.chain ? -1 : 1),
  )
  const words = await readWords(
    db,
    rows.flatMap((row) => [row.action, row.operator_role]),
  )
  return rows.map((row) => ({
    chain: row.chain,
    sequence: row.sequence,
    at: row.at,
    action: words.get(row.action) ?? '',
    objectType: object.type,
    objectId: object.id,
    operatorRole: row.operator_role === null ? null : (words.get(row.operator_role) ?? ''),
    bytes: row.bytes,
  }))
}

/** Which of these sequences still have a payload. */
export const listUnerased = async (
  db: Reader,
  chain: string,
  from: number,
  to: number,
): Promise<ReadonlySet<number>> => {
  const rows = await db
    .selectFrom('payload')
    .select('sequence')
    .where('chain', '=', chain)
    .where('sequence', '>=', from)
    .where('sequence', '<=', to)
    .where('bytes', 'is not', null)
    .execute()
  return new Set(rows.map((row) => row.sequence))
}

export interface ErasureMark {
  readonly at: number
  readonly by: string
  readonly rule: string
}

/**
 * Takes the payloads of a range (both ends included) and the words they are found by out, and leaves who did it, when
 * and under which rule. The salt goes as well: with it a guessed payload could be confirmed. Inside the caller's
 * transaction; what was erased before stays as it is. Gives how many.
 */
export const erasePayloads = async (
  trx: Reader,
  dialect: DialectName,
  chain: string,
  range: { readonly from: number; readonly to: number },
  mark: ErasureMark,
): Promise<number> => {
  const about = trx
    .selectFrom('entry')
    .select('id')
    .where('chain', '=', chain)
    .where('sequence', '>=', range.from)
    .where('sequence', '<=', range.to)
  await fullTextDeleteWords(trx, dialect, about)
  const changed = await trx
    .updateTable('payload')
    .set({
      bytes: null,
      salt: new Uint8Array(0),
      erased_at: mark.at,
      erased_by: mark.by,
      erased_rule: mark.rule,
    })
    .where('chain', '=', chain)
    .where('sequence', '>=', range.from)
    .where('sequence', '<=', range.to)
    .where('bytes', 'is not', null)
    .executeTakeFirst()
  return Number(changed.numUpdatedRows)
}

/**
 * Removes every entry and payload below `size`, the words they are found by, and the keys of epochs that ended there:
 * those announced there or kept by the cut before (`keysBefore`), but for `keptKeys`. In one transaction with the cut
 * record that says so.
 */
export const removeBefore = async (
  trx: Reader,
  dialect: DialectName,
  chain: string,
  size: number,
  { keptKeys, keysBefore }: { readonly keptKeys: readonly string[]; readonly keysBefore: readonly string[] },
): Promise<void> => {
  const gone = () => trx.selectFrom('entry').where('chain', '=', chain).where('sequence', '<', size)
  await fullTextDeleteWords(trx, dialect, gone().select('id'))
  await trx
    .deleteFrom('audit_key')
    .where('chain', '=', chain)
    .where('kind', '=', 'epoch')
    .where('key_id', 'not in', [...keptKeys])
    .where((where) =>
      where.or([
        where('key_id', 'in', gone().select('object_id')),
        ...(keysBefore.length > 0 ? [where('key_id', 'in', [...keysBefore])] : []),
      ]),
    )
    .execute()
  await trx.deleteFrom('payload').where('chain', '=', chain).where('sequence', '<', size).execute()
  await trx.deleteFrom('entry').where('chain', '=', chain).where('sequence', '<', size).execute()
}

/** Time of an entry; null where it is not there. */
export const readEntryTime = async (db: Reader, chain: string, sequence: number): Promise<number | null> => {
  const query = db.selectFrom('entry').select('at').where('chain', '=', chain).where('sequence', '=', sequence)
  return (await query.executeTakeFirst())?.at ?? null
}

/** A node writes for one tenant: so many entries at either end of its chain tell for which. */
const LOOKED_AT = 256

const isOfTenant = async (
  db: Reader,
  { chain, first, head }: { readonly chain: string; readonly first: number; readonly head: number },
  tenant: number,
): Promise<boolean> => {
  const row = await db
    .selectFrom('entry')
    .select('sequence')
    .where('chain', '=', chain)
    .where((where) =>
      where.or([
        where.and([where('sequence', '>=', first), where('sequence', '<', first + LOOKED_AT)]),
        where('sequence', '>', head - LOOKED_AT),
      ]),
    )
    .where('tenant', '=', tenant)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** As `listChainExtents`, of the chains that nodes of this tenant write, and of `own`. */
export const listChainExtentsOf = async (
  db: Reader,
  tenant: string,
  own: string,
): ReturnType<typeof listChainExtents> => {
  const number = (await findWords(db, [tenant])).get(tenant)
  const seen = []
  for (const extent of await listChainExtents(db)) {
    if (extent.chain === own || (number !== undefined && (await isOfTenant(db, extent, number)))) seen.push(extent)
  }
  return seen
}

/** Where each chain begins and ends. */
export const listChainExtents = async (
  db: Reader,
): Promise<readonly { chain: string; first: number; head: number; oldestAt: number | null }[]> => {
  const rows = await db
    .selectFrom('chain')
    .leftJoin('chain_cut', 'chain_cut.chain', 'chain.chain')
    .select(['chain.chain', 'chain.head_sequence', 'chain_cut.size'])
    .orderBy('chain.chain')
    .execute()
  const extents = []
  for (const { chain, head_sequence: head, size } of rows) {
    const first = size ?? 0
    extents.push({ chain, first, head, oldestAt: await readEntryTime(db, chain, first) })
  }
  return extents
}
