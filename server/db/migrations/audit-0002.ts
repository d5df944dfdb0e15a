import type { Compilable } from 'kysely'
import { index } from './columns.ts'
import type { Migration, Untyped } from './columns.ts'

/** Indexes of 0001 that a list of one tenant never needs. */
const DROPPED = ['office', 'operator_id', 'station', 'action', 'object_type']

/**
 * Every reader is scoped by tenant: an index that begins with it answers tenant and filter together, in the order of
 * the list. Without it a rare value among many entries of one tenant would be looked for entry by entry.
 */
const statements = (db: Untyped): readonly Compilable[] => [
  ...DROPPED.map((column) => db.schema.dropIndex(`entry_${column}_at_id_index`)),
  ...DROPPED.map((column) => index(db, 'entry', ['tenant', column, 'at', 'id'])),
]

export const tenantFirst: Migration = { id: '0002-tenant-first', statements }
