import { sql } from 'kysely'
import type { Compilable } from 'kysely'
import { columnTypes } from './columns.ts'
import type { DialectName, Migration, Untyped } from './columns.ts'

/** The indexes lists are read by, and their columns; SQLite's end with the row's number by themselves. */
const FILTERED: readonly (readonly [string, readonly string[]])[] = [
  ['entry_correlation_id_index', ['correlation_id']],
  ...['at', 'object_id', 'tenant', 'office', 'operator_id', 'station', 'action', 'object_type'].map(
    (column): readonly [string, readonly string[]] => {
      if (column === 'at') return ['entry_at_id_index', ['at', 'id']]
      if (column === 'object_id' || column === 'tenant') return [`entry_${column}_at_id_index`, [column, 'at', 'id']]
      return [`entry_tenant_${column}_at_id_index`, ['tenant', column, 'at', 'id']]
    },
  ),
]

const listed = (db: Untyped, dialect: DialectName, name: string, columns: readonly string[]): Compilable =>
  db.schema
    .createIndex(name)
    .on('entry')
    .columns(columns.filter((column) => column !== 'id' || dialect === 'postgres'))
    .where(sql<boolean>`listed = 1`)

/**
 * The indexes of lists hold only the entries marked `listed`, so that they can be filled behind the chain, many at
 * once: each entry touches a page of nearly every one of them, which costs its writer more than all else and grows with
 * the chain. What is not marked yet is in an index of its own, and is read by walking it. What is there is listed, and
 * so is what PostgreSQL is given, where the server's role may change no entry.
 */
export const listedEntries: Migration = {
  id: '0009-listed-entries',
  statements: (db, dialect) => [
    db.schema
      .alterTable('entry')
      .addColumn('listed', columnTypes(dialect).flag, (column) => column.notNull().defaultTo(1)),
    ...FILTERED.flatMap(([name, columns]) => [db.schema.dropIndex(name), listed(db, dialect, name, columns)]),
    db.schema
      .createIndex('entry_unlisted_index')
      .on('entry')
      .columns(['id'])
      .where(sql<boolean>`listed <> 1`),
  ],
}
