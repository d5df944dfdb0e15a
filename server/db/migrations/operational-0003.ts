import { columnTypes } from './columns.ts'
import type { Migration } from './columns.ts'

/** How far a session's clock was ahead of ours: after a restart no proof made before it is taken again. */
export const sessionClock: Migration = {
  id: '0003-session-clock',
  statements: (db, dialect) => [
    db.schema.alterTable('session').addColumn('clock_ahead_ms', columnTypes(dialect)['number']),
  ],
}
