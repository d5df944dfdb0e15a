import { CompiledQuery } from 'kysely'
import type { Kysely } from 'kysely'
import type { AuditDb } from '../schema.ts'

type Writer = Kysely<AuditDb>
type Row = Readonly<Record<string, unknown>>

/** Rows in one statement; few sizes, so that each is built and prepared once. 64 rows of 18 values bind 1,152. */
const SIZES = [64, 16, 4, 1] as const

const plans = new Map<string, string>()

const statementOf = (trx: Writer, table: 'entry' | 'payload', rows: readonly Row[], kind: string): string => {
  const name = `${kind} ${table} ${rows.length}`
  const known = plans.get(name)
  if (known !== undefined) return known
  const { sql } = trx
    .insertInto(table)
    .values(rows as never)
    .compile()
  plans.set(name, sql)
  return sql
}

/**
 * Inserts rows that all have the same columns in the same order, none of them undefined: building a statement through
 * Kysely costs more than SQLite takes to store its rows. `kind` names the dialect.
 */
export const insertRows = async (
  trx: Writer,
  table: 'entry' | 'payload',
  rows: readonly Row[],
  kind: string,
): Promise<void> => {
  let from = 0
  for (const size of SIZES) {
    for (; rows.length - from >= size; from += size) {
      const chunk = rows.slice(from, from + size)
      const sql = statementOf(trx, table, chunk, kind)
      const parameters = chunk.flatMap((row) => Object.values(row))
      await trx.executeQuery(CompiledQuery.raw(sql, parameters))
    }
  }
}
