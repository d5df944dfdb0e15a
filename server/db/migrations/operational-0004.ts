import { index } from './columns.ts'
import type { Migration } from './columns.ts'

/** Whose intent it is: of several nodes on one database each drains its own. Null, from before: anyone's. */
export const intentsOfNodes: Migration = {
  id: '0004-intents-of-nodes',
  statements: (db, dialect) => [
    db.schema.alterTable('audit_intent').addColumn('node', 'text'),
    // SQLite has one node, and a few rows read in their own order: an index would only cost.
    ...(dialect === 'postgres' ? [index(db, 'audit_intent', ['node', 'position'])] : []),
  ],
}
