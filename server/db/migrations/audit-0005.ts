import type { Compilable } from 'kysely'
import { columnTypes, index, table } from './columns.ts'
import type { ColumnSpec, Migration, TableSpec } from './columns.ts'

const text: ColumnSpec = { type: 'text' }
const number: ColumnSpec = { type: 'number' }
const time: ColumnSpec = { type: 'time' }
const blob: ColumnSpec = { type: 'blob' }

const tables: Readonly<Record<string, TableSpec>> = {
  note_key: {
    chain: text,
    key_id: text,
    public_key: blob,
    sealed: blob,
    statement: blob,
    endorsed_by: text,
    endorsement: blob,
    created_at: time,
  },
  tree_hash: { chain: text, level: number, position: number, hash: blob },
  cosignature: { chain: text, witness: text, size: number, line: text, signed_at: time, received_at: time },
  witness: { name: { type: 'text', primary: true }, tenant: text, station: text, vkey: text, bound_at: time },
}

const UNIQUE: readonly (readonly [string, readonly string[]])[] = [
  ['note_key', ['chain', 'key_id']],
  ['tree_hash', ['chain', 'level', 'position']],
  ['cosignature', ['chain', 'witness', 'size']],
]

/**
 * The keys that sign checkpoints (private halves sealed by the key store), the tree's block roots, who has seen which
 * checkpoint, and when a checkpoint was time-stamped.
 */
export const checkpointsAndWitnesses: Migration = {
  id: '0005-checkpoints-and-witnesses',
  statements: (db, dialect): readonly Compilable[] => [
    ...Object.entries(tables).map(([name, columns]) => table(db, name, columns, dialect)),
    ...UNIQUE.map(([name, columns]) => index(db, name, columns, true)),
    index(db, 'cosignature', ['chain', 'size']),
    db.schema.alterTable('checkpoint').addColumn('stamped_at', columnTypes(dialect).time),
    index(db, 'checkpoint', ['chain', 'stamped_at']),
  ],
}
