import { CompiledQuery, sql } from 'kysely'
import type { Compilable, Kysely } from 'kysely'
import { manyRows, takesManyRows } from '../dialects/many-rows.ts'

/** Built statements by name, for each kind of database a process talks to. */
const built = new WeakMap<object, Map<string, string>>()

const builtSql = (db: Kysely<never>, name: string, build: () => Compilable): string => {
  const { adapter } = db.getExecutor()
  const known = built.get(adapter) ?? new Map<string, string>()
  built.set(adapter, known)
  const sql = known.get(name) ?? build().compile().sql
  known.set(name, sql)
  return sql
}

/**
 * Runs a statement that is built once and only bound afterwards: building one through Kysely costs more than SQLite
 * takes to run it. `name` stands for the statement's shape, and `parameters` are what `build` would bind, in its order.
 */
export const runBuilt = async <Row>(
  db: Kysely<never>,
  name: string,
  build: () => Compilable,
  parameters: readonly unknown[],
): Promise<readonly Row[]> => {
  const sql = builtSql(db, name, build)
  return (await db.executeQuery<Row>(CompiledQuery.raw(sql, [...parameters]))).rows
}

/** Rows in one statement; few sizes, so that each is built and prepared once. 64 rows of 18 values bind 1,152. */
const SIZES = [64, 16, 4, 1] as const

/** Cuts a list into pieces of these sizes. */
export function* pieces<T>(items: readonly T[]): Iterable<readonly T[]> {
  let from = 0
  for (const size of SIZES)
    for (; items.length - from >= size; from += size)
      yield items.length === size ? items : items.slice(from, from + size)
}

/** What is inserted: a table, its columns, and an item's values in their order, none of them undefined. */
export interface Inserting<Item> {
  readonly table: string
  readonly columns: readonly string[]
  readonly valuesOf: (item: Item) => readonly unknown[]
  /** Columns that are the same in every row, and part of the statement. */
  readonly fixed?: Readonly<Record<string, number>>
}

/** Inserts a row for each item; where the driver takes many rows, by one statement run for each. */
export const insertRows = async <Tables, Item>(
  db: Kysely<Tables>,
  { table, columns, valuesOf, fixed = {} }: Inserting<Item>,
  items: readonly Item[],
): Promise<void> => {
  const trx = db as unknown as Kysely<never>
  const same = Object.entries(fixed)
  const name = ['insert', table, ...same.flat()].join(' ')
  const literals = Object.fromEntries(same.map(([column, value]) => [column, sql.lit(value)]))
  const buildFor = (values: readonly (readonly unknown[])[]) =>
    db.insertInto(table as keyof Tables & string).values(
      values.map((row) => ({
        ...Object.fromEntries(columns.map((column, place) => [column, row[place]])),
        ...literals,
      })) as never,
    )
  if (takesManyRows(trx)) {
    const rows = items.map(valuesOf)
    // Of one row nothing is written when it is refused: SQLite need not keep, for each, the pages it would undo.
    const build = (): Compilable => buildFor(rows.slice(0, 1)).orFail()
    if (rows.length > 0) await trx.executeQuery(manyRows(builtSql(trx, `${name} 1`, build), rows))
    return
  }
  for (const piece of pieces(items)) {
    const rows = piece.map(valuesOf)
    await runBuilt(trx, `${name} ${piece.length}`, () => buildFor(rows), rows.flat())
  }
}
