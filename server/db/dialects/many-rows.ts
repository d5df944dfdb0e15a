import { CompiledQuery } from 'kysely'
import type { Kysely } from 'kysely'

/** One statement run once for each row of values. Where preparing is dear and running cheap this beats a long statement. */
export interface ManyRows extends CompiledQuery {
  readonly rows: readonly (readonly unknown[])[]
}

/** Adapters whose driver takes them. */
const takers = new WeakSet<object>()
export const registerManyRows = (adapter: object): void => {
  takers.add(adapter)
}

/** Whether the database's driver takes a statement with many rows; else they go as one long statement. */
export const takesManyRows = (db: Kysely<never>): boolean => takers.has(db.getExecutor().adapter)

export const manyRows = (sql: string, rows: readonly (readonly unknown[])[]): ManyRows => ({
  ...CompiledQuery.raw(sql, []),
  rows,
})

export const rowsOf = (query: CompiledQuery): ManyRows['rows'] | null =>
  'rows' in query ? (query as ManyRows).rows : null
