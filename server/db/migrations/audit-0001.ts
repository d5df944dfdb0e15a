import type { Compilable } from 'kysely'
import { createFullTextTable } from '../full-text.ts'
import { columnTypes, counter, index, table } from './columns.ts'
import type { ColumnSpec, DialectName, Migration, TableSpec, Untyped } from './columns.ts'

const text: ColumnSpec = { type: 'text' }
const optionalText: ColumnSpec = { type: 'text', optional: true }
const time: ColumnSpec = { type: 'time' }
const optionalTime: ColumnSpec = { type: 'time', optional: true }
const number: ColumnSpec = { type: 'number' }
const blob: ColumnSpec = { type: 'blob' }
const optionalBlob: ColumnSpec = { type: 'blob', optional: true }

const tables: Readonly<Record<string, TableSpec>> = {
  chain: {
    chain: { type: 'text', primary: true },
    created_at: time,
    head_sequence: number,
    head_signature: blob,
    frontier: blob,
  },
  payload: {
    chain: text,
    sequence: number,
    salt: blob,
    bytes: optionalBlob,
    erased_at: optionalTime,
    erased_by: optionalText,
    erased_rule: optionalText,
  },
  audit_key: {
    key_id: text,
    chain: text,
    kind: { type: 'text', values: ['hsm', 'epoch'] },
    algorithm: text,
    label: optionalText,
    spki: blob,
    certificate: optionalBlob,
    statement: blob,
    endorsed_by: text,
    endorsement: blob,
    created_at: time,
  },
  checkpoint: { chain: text, size: number, root: blob, note: text, created_at: time, timestamp_token: optionalBlob },
  verification_run: {
    id: { type: 'text', primary: true },
    chain: text,
    mode: { type: 'text', values: ['quick', 'full'] },
    state: { type: 'text', values: ['running', 'passed', 'failed', 'cancelled', 'error'] },
    requested_by: optionalText,
    started_at: time,
    ended_at: optionalTime,
    checked: number,
    total: number,
    verdict: { type: 'json', optional: true },
  },
}

const UNIQUE: readonly (readonly [string, readonly string[]])[] = [
  // One writer per chain is a promise of the code; that a chain cannot fork is enforced here.
  ['entry', ['chain', 'sequence']],
  ['entry', ['chain', 'previous_signature']],
  ['entry', ['intent_id']],
  ['payload', ['chain', 'sequence']],
  ['audit_key', ['chain', 'key_id']],
  ['checkpoint', ['chain', 'size']],
]

/** Each filter's index ends with time, then the row's own number: the order of every list, newest first. */
const FILTERED: readonly (readonly string[])[] = [
  ['at', 'id'],
  ['tenant', 'at', 'id'],
  ['office', 'at', 'id'],
  ['operator_id', 'at', 'id'],
  ['station', 'at', 'id'],
  ['action', 'at', 'id'],
  ['object_type', 'at', 'id'],
  ['object_id', 'at', 'id'],
  ['correlation_id'],
]

const entry = (db: Untyped, dialect: DialectName): Compilable => {
  const types = columnTypes(dialect)
  return db.schema
    .createTable('entry')
    .addColumn('id', counter(dialect), (column) => column.primaryKey())
    .addColumn('chain', types.text, (column) => column.notNull())
    .addColumn('sequence', types.number, (column) => column.notNull())
    .addColumn('bytes', types.blob, (column) => column.notNull())
    .addColumn('signature', types.blob, (column) => column.notNull())
    .addColumn('previous_signature', types.blob, (column) => column.notNull())
    .addColumn('key_id', types.text, (column) => column.notNull())
    .addColumn('intent_id', types.text, (column) => column.notNull())
    .addColumn('at', types.time, (column) => column.notNull())
    .addColumn('tenant', types.text, (column) => column.notNull())
    .addColumn('division', types.text)
    .addColumn('office', types.text)
    .addColumn('operator_id', types.text)
    .addColumn('operator_role', types.text)
    .addColumn('station', types.text)
    .addColumn('action', types.text, (column) => column.notNull())
    .addColumn('object_type', types.text, (column) => column.notNull())
    .addColumn('object_id', types.text, (column) => column.notNull())
    .addColumn('correlation_id', types.text, (column) => column.notNull())
}

const statements = (db: Untyped, dialect: DialectName): readonly Compilable[] => [
  ...Object.entries(tables).map(([name, columns]) => table(db, name, columns, dialect)),
  entry(db, dialect),
  ...UNIQUE.map(([name, columns]) => index(db, name, columns, true)),
  ...FILTERED.map((columns) => index(db, 'entry', columns)),
  index(db, 'verification_run', ['started_at']),
  ...createFullTextTable(db, 'entry_search', dialect),
]

export const initialAudit: Migration = { id: '0001-initial', statements }
