import { columnTypes, table } from './columns.ts'
import type { Migration } from './columns.ts'

/**
 * Where a chain was cut by cleaning (see shared/audit/cut.ts), and verifications that go on where a restart ended them:
 * `node` says whose they are;
 * `position` and `walk` are the walk's last saved state, `walk_seal` the key store's signature over it.
 */
export const cutsAndResumedRuns: Migration = {
  id: '0004-cuts-and-resumed-runs',
  statements: (db, dialect) => {
    const types = columnTypes(dialect)
    const run = (column: string, type: keyof typeof types) =>
      db.schema.alterTable('verification_run').addColumn(column, types[type])
    return [
      table(
        db,
        'chain_cut',
        {
          chain: { type: 'text', primary: true },
          size: { type: 'number' },
          statement: { type: 'blob' },
          signature: { type: 'blob' },
          note: { type: 'text', optional: true },
          created_at: { type: 'time' },
        },
        dialect,
      ),
      run('node', 'text'),
      run('position', 'number'),
      run('walk', 'blob'),
      run('walk_seal', 'blob'),
      run('error_code', 'text'),
      run('scope', 'json'),
      db.schema
        .alterTable('verification_run')
        .addColumn('scheduled', types.flag, (column) => column.notNull().defaultTo(0)),
    ]
  },
}
