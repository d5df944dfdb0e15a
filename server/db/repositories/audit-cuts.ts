import type { Kysely } from 'kysely'
import type { StoredCut, StrayRow } from '../../../shared/audit/stored.ts'
import type { AuditDb } from '../schema.ts'

type Reader = Kysely<AuditDb>

/** Where the chain was cut; null for a chain that is whole. */
export const readCut = async (db: Reader, chain: string): Promise<StoredCut | null> => {
  const row = await db.selectFrom('chain_cut').selectAll().where('chain', '=', chain).executeTakeFirst()
  return row ? { size: row.size, statement: row.statement, signature: row.signature, note: row.note } : null
}

/**
 * Records a cut in place of the one before. In one transaction with the removal of every entry and payload below
 * `cut.size`, after the entry that announces it is durable: then a chain is at each moment whole behind its cut.
 */
export const putCut = async (trx: Reader, chain: string, cut: StoredCut, at: number): Promise<void> => {
  const row = { size: cut.size, statement: cut.statement, signature: cut.signature, note: cut.note, created_at: at }
  await trx
    .insertInto('chain_cut')
    .values({ chain, ...row })
    .onConflict((conflict) => conflict.column('chain').doUpdateSet(row))
    .execute()
}

const countOf = async (db: Reader, table: 'entry' | 'payload', chain: string): Promise<number> => {
  const query = db.selectFrom(table).select((count) => count.fn.countAll<number>().as('rows'))
  const { rows } = await query.where('chain', '=', chain).executeTakeFirstOrThrow()
  return rows
}

/** Where a walk from `from` that met so many rows missed one: rows are counted first, and searched only if they differ. */
export const findStrayRow =
  (db: Reader, chain: string, from: number) =>
  async (met: { readonly entries: number; readonly payloads: number }): Promise<StrayRow | null> => {
    if ((await countOf(db, 'entry', chain)) !== met.entries) {
      const before = await db
        .selectFrom('entry')
        .select('sequence')
        .where('chain', '=', chain)
        .where('sequence', '<', from)
        .orderBy('sequence')
        .executeTakeFirst()
      return { table: 'entry', sequence: before?.sequence ?? from }
    }
    if ((await countOf(db, 'payload', chain)) === met.payloads) return null
    const alone = await db
      .selectFrom('payload')
      .select('sequence')
      .where('chain', '=', chain)
      .where((where) =>
        where.not(
          where.exists(
            where
              .selectFrom('entry')
              .select('entry.sequence')
              .whereRef('entry.chain', '=', 'payload.chain')
              .whereRef('entry.sequence', '=', 'payload.sequence'),
          ),
        ),
      )
      .orderBy('sequence')
      .executeTakeFirst()
    return { table: 'payload', sequence: alone?.sequence ?? from }
  }

/** Names of all chains there are rows of, in order: a chain someone put there has entries, but perhaps no head. */
export const listChainNames = async (db: Reader): Promise<readonly string[]> => {
  const names = new Set<string>()
  for (const table of ['chain', 'entry', 'payload'] as const) {
    // One step in the index for each name, however many rows it has.
    for (let after = ''; ;) {
      const query = db.selectFrom(table).select('chain').where('chain', '>', after).orderBy('chain').limit(1)
      const row = await query.executeTakeFirst()
      if (!row) break
      names.add(row.chain)
      after = row.chain
    }
  }
  return [...names].sort()
}
