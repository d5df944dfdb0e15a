import type { AuditDatabase } from '../schema.ts'

/** Sequence of each chain's last entry, by the chain's name; -1 while it has none. */
export const readHeads = async (db: AuditDatabase): Promise<ReadonlyMap<string, number>> => {
  const rows = await db.selectFrom('chain').select(['chain', 'head_sequence']).orderBy('chain').execute()
  return new Map(rows.map((row) => [row.chain, row.head_sequence]))
}

/** Where the entries after `sequence` begin: the lowest time and row among them; null when there are none. */
export const readFreshFrom = async (
  db: AuditDatabase,
  chain: string,
  sequence: number,
): Promise<{ readonly at: number; readonly id: number } | null> => {
  const row = await db
    .selectFrom('entry')
    .select((eb) => [eb.fn.min('at').as('at'), eb.fn.min('id').as('id')])
    .where('chain', '=', chain)
    .where('sequence', '>', sequence)
    .executeTakeFirst()
  return row?.at == null ? null : { at: row.at, id: row.id }
}
