import type { Compilable } from 'kysely'
import { index, table } from './columns.ts'
import type { ColumnSpec, DialectName, Migration, TableSpec, Untyped } from './columns.ts'

const text: ColumnSpec = { type: 'text' }
const optionalText: ColumnSpec = { type: 'text', optional: true }
const optionalTime: ColumnSpec = { type: 'time', optional: true }
const optionalNumber: ColumnSpec = { type: 'number', optional: true }
const json: ColumnSpec = { type: 'json' }

const exported: TableSpec = {
  id: { type: 'text', primary: true },
  tenant: { type: 'text', references: 'tenant.id' },
  version: { type: 'number', default: 1 },
  created_at: { type: 'time' },
  updated_at: { type: 'time' },
  division: optionalText,
  office: optionalText,
  requested_by: optionalText,
  requested_role: optionalText,
  node: text,
  job_id: text,
  state: { type: 'text', values: ['waiting', 'ready', 'failed', 'cancelled', 'gone'] },
  ordered: json,
  filter: json,
  completeness: text,
  entries: optionalNumber,
  bytes: optionalNumber,
  file_name: optionalText,
  manifest_digest: optionalText,
  members: json,
  signers: json,
  renew_at: optionalTime,
  ended_at: optionalTime,
  kept_until: optionalTime,
  error: optionalText,
}

/** Signed exports of the audit: what was ordered, what became of it, and which files it is made of. */
const statements = (db: Untyped, dialect: DialectName): readonly Compilable[] => [
  table(db, 'audit_export', exported, dialect),
  index(db, 'audit_export', ['tenant', 'requested_by', 'created_at', 'id']),
  index(db, 'audit_export', ['state', 'kept_until']),
]

export const exportsOfAudit: Migration = { id: '0007-exports', statements }
