import type { Compilable } from 'kysely'
import { columnTypes, index, table } from './columns.ts'
import type { ColumnSpec, DialectName, Migration, TableSpec, Untyped } from './columns.ts'

const text: ColumnSpec = { type: 'text' }
const optionalText: ColumnSpec = { type: 'text', optional: true }
const time: ColumnSpec = { type: 'time' }
const optionalTime: ColumnSpec = { type: 'time', optional: true }
const refers = (references: string, optional = false): ColumnSpec => ({ type: 'text', references, optional })

const tables: Readonly<Record<string, TableSpec>> = {
  unblock: {
    id: { type: 'text', primary: true },
    tenant: refers('tenant.id'),
    version: { type: 'number', default: 1 },
    created_at: time,
    updated_at: time,
    division: refers('division.id', true),
    office: refers('office.id', true),
    card_id: refers('card.id'),
    operator_id: refers('operator.id'),
    state: { type: 'text', values: ['started', 'done', 'failed'] },
    checks: { type: 'json' },
    reason: text,
    error: optionalText,
  },
  ca_certificate: {
    serial: { type: 'text', primary: true },
    request_key: { type: 'text', unique: true },
    request_digest: text,
    profile: text,
    not_before: time,
    not_after: time,
    tbs: { type: 'blob' },
    der: { type: 'blob', optional: true },
    status: { type: 'text', values: ['issued', 'suspended', 'revoked'] },
    status_at: optionalTime,
    status_reason: optionalText,
  },
  ca_crl_number: { issuer: { type: 'text', primary: true }, number: { type: 'number' } },
}

/** What a session needs to be found by its token and proved after a restart, the unblockings, and the internal CA's own books. */
const statements = (db: Untyped, dialect: DialectName): readonly Compilable[] => {
  const types = columnTypes(dialect)
  const add = (name: string, column: string, type: keyof typeof types): Compilable =>
    db.schema.alterTable(name).addColumn(column, types[type])
  return [
    add('session', 'kind', 'text'),
    add('session', 'token_digest', 'text'),
    add('session', 'proof_key', 'blob'),
    add('session', 'certificate', 'text'),
    add('session', 'seen_at', 'time'),
    add('proofing', 'note', 'text'),
    add('enrolment', 'interrupted_at', 'time'),
    add('certificate', 'csr', 'blob'),
    ...Object.entries(tables).map(([name, columns]) => table(db, name, columns, dialect)),
    index(db, 'session', ['token_digest'], true),
    index(db, 'unblock', ['card_id', 'created_at', 'id']),
    index(db, 'ca_certificate', ['status', 'not_after']),
  ]
}

export const sessionsAndAuthority: Migration = { id: '0002-sessions-and-authority', statements }
