import type { Compilable } from 'kysely'
import { index, table } from './columns.ts'
import type { ColumnSpec, DialectName, Migration, TableSpec, Untyped } from './columns.ts'

const text: ColumnSpec = { type: 'text' }
const row: TableSpec = {
  id: { type: 'text', primary: true },
  tenant: { type: 'text', references: 'tenant.id' },
  created_at: { type: 'time' },
}

/** Certificates that others issued for keys of the key store, and which key took over which use. Rows are only added. */
const statements = (db: Untyped, dialect: DialectName): readonly Compilable[] => [
  table(db, 'key_certificate', { ...row, label: text, key_id: text, chain: { type: 'json' } }, dialect),
  index(db, 'key_certificate', ['label', 'created_at'], false),
  table(db, 'key_succession', { ...row, use: text, label: text, key_id: text }, dialect),
  index(db, 'key_succession', ['use', 'created_at'], false),
]

export const keysAndTheirCertificates: Migration = { id: '0008-keys', statements }
