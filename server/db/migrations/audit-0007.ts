import { columnTypes, index } from './columns.ts'
import type { Migration } from './columns.ts'

/**
 * Each checkpoint names the one made before it (shared/audit/checkpoint-link.ts); those that are there have no link. No
 * two may follow the same one: whoever makes one beside another writer is refused, and makes it anew.
 */
export const linkedCheckpoints: Migration = {
  id: '0007-linked-checkpoints',
  statements: (db, dialect) => {
    const types = columnTypes(dialect)
    const add = (column: string, type: keyof typeof types) =>
      db.schema.alterTable('checkpoint').addColumn(column, types[type])
    return [
      add('previous_size', 'number'),
      add('link', 'blob'),
      index(db, 'checkpoint', ['chain', 'previous_size'], true),
    ]
  },
}
