import type { Compilable } from 'kysely'
import { counter, index, table } from './columns.ts'
import type { ColumnSpec, DialectName, Migration, TableSpec, Untyped } from './columns.ts'

const text: ColumnSpec = { type: 'text' }
const optionalText: ColumnSpec = { type: 'text', optional: true }
const time: ColumnSpec = { type: 'time' }
const optionalTime: ColumnSpec = { type: 'time', optional: true }
const blob: ColumnSpec = { type: 'blob' }
const optionalBlob: ColumnSpec = { type: 'blob', optional: true }
const json: ColumnSpec = { type: 'json' }
const optionalJson: ColumnSpec = { type: 'json', optional: true }
const refers = (references: string, optional = false): ColumnSpec => ({ type: 'text', references, optional })
const oneOf = (...values: string[]): ColumnSpec => ({ type: 'text', values })

const ACTIVITY = oneOf('active', 'suspended')

const entity = {
  id: { type: 'text', primary: true },
  tenant: refers('tenant.id'),
  version: { type: 'number', default: 1 },
  created_at: time,
  updated_at: time,
} satisfies TableSpec

const placed = { division: refers('division.id', true), office: refers('office.id', true) } satisfies TableSpec

const organisation: Readonly<Record<string, TableSpec>> = {
  tenant: {
    id: { type: 'text', primary: true },
    name: text,
    status: ACTIVITY,
    version: { type: 'number', default: 1 },
    created_at: time,
    updated_at: time,
  },
  division: { ...entity, name: text, parent: refers('division.id', true), path: text },
  office: { ...entity, name: text, division: refers('division.id') },
  operator: { ...entity, ...placed, name: text, email: optionalText, status: ACTIVITY },
  operator_certificate: {
    ...entity,
    operator_id: refers('operator.id'),
    fingerprint: { type: 'text', unique: true },
    subject: text,
    issuer: text,
    serial: text,
    der: blob,
    not_before: time,
    not_after: time,
    status: oneOf('active', 'revoked'),
  },
  grant: {
    ...entity,
    operator_id: refers('operator.id'),
    role: text,
    scope_kind: oneOf('everything', 'division', 'office'),
    scope_id: optionalText,
    tasks: optionalJson,
    valid_from: time,
    valid_to: optionalTime,
  },
  station: {
    ...entity,
    ...placed,
    name: text,
    public_key: blob,
    key_fingerprint: { type: 'text', unique: true },
    status: ACTIVITY,
    last_seen_at: optionalTime,
  },
}

const access: Readonly<Record<string, TableSpec>> = {
  sign_in_challenge: {
    nonce: { type: 'text', primary: true },
    tenant: refers('tenant.id'),
    station_id: refers('station.id'),
    created_at: time,
    expires_at: time,
    used_at: optionalTime,
  },
  session: {
    ...entity,
    ...placed,
    operator_id: refers('operator.id'),
    role: text,
    station_id: refers('station.id', true),
    key_thumbprint: text,
    key_jwk: json,
    card_serial: optionalText,
    expires_at: time,
    locked_at: optionalTime,
    ended_at: optionalTime,
    end_reason: optionalText,
  },
  session_proof: { session_id: text, jti: text, expires_at: time },
  idempotency_key: {
    key: text,
    operator: text,
    route: text,
    tenant: text,
    request_hash: text,
    status: { type: 'number', optional: true },
    body: optionalText,
    headers: optionalJson,
    created_at: time,
    expires_at: time,
  },
  setting: { name: { type: 'text', primary: true }, value: json, updated_at: time },
}

const ENROLMENT_STATES = [
  'draft',
  'proofed',
  'awaiting-approval',
  'approved',
  'personalising',
  'interrupted',
  'issued',
  'handed-over',
  'cancelled',
  'rejected',
]

const registration: Readonly<Record<string, TableSpec>> = {
  holder: {
    ...entity,
    ...placed,
    given_names: text,
    family_name: text,
    birth_date: text,
    nationality: text,
    email: optionalText,
    personal_number: optionalText,
    document_type: optionalText,
    document_number: optionalText,
    search: text,
  },
  enrolment: {
    ...entity,
    ...placed,
    holder_id: refers('holder.id'),
    state: oneOf(...ENROLMENT_STATES),
    card_profile: text,
    officer: refers('operator.id'),
    card_id: optionalText,
    card_serial: optionalText,
    record: optionalText,
    record_cms: optionalBlob,
    recorded_at: optionalTime,
    steps: json,
    interrupted_reason: optionalText,
    approved_by: refers('operator.id', true),
    approved_at: optionalTime,
    handed_over_at: optionalTime,
  },
  proofing: {
    ...entity,
    ...placed,
    holder_id: refers('holder.id'),
    enrolment_id: refers('enrolment.id', true),
    document_type: text,
    document_number: text,
    document_issuer: text,
    document_expiry: text,
    mrz: optionalText,
    checklist: json,
    compared_by: refers('operator.id'),
    compared_at: time,
  },
  card: {
    ...entity,
    ...placed,
    serial: text,
    chuid: optionalText,
    atr: optionalText,
    state: oneOf('blank', 'personalising', 'active', 'suspended', 'terminated'),
    reason: optionalText,
    holder_id: refers('holder.id', true),
    card_profile: optionalText,
    enrolment_id: refers('enrolment.id', true),
    expires_at: optionalTime,
  },
  certificate: {
    ...entity,
    ...placed,
    serial: optionalText,
    issuer: { type: 'text', default: 'internal' },
    card_id: refers('card.id', true),
    enrolment_id: refers('enrolment.id', true),
    holder_id: refers('holder.id', true),
    profile: text,
    slot: optionalText,
    subject: text,
    der: optionalBlob,
    state: oneOf('requested', 'issued', 'suspended', 'revoked', 'expired'),
    not_before: optionalTime,
    not_after: optionalTime,
    revoked_at: optionalTime,
    revocation_reason: optionalText,
    request_key: { type: 'text', unique: true },
  },
  crl: {
    id: { type: 'text', primary: true },
    issuer: text,
    number: { type: 'number' },
    der: blob,
    this_update: time,
    next_update: time,
    created_at: time,
  },
}

const vault: Readonly<Record<string, TableSpec>> = {
  data_key: {
    id: { type: 'text', primary: true },
    tenant: refers('tenant.id'),
    wrapped: blob,
    wrapping_key_label: text,
    algorithm: text,
    created_at: time,
    retired_at: optionalTime,
  },
  secret_code: {
    ...entity,
    ...placed,
    kind: oneOf('pin', 'puk', 'management-key'),
    owner_kind: text,
    owner_id: text,
    card_id: refers('card.id', true),
    state: oneOf('created', 'stored', 'printed', 'delivered', 'used', 'replaced', 'revoked', 'destroyed'),
    data_key_id: refers('data_key.id', true),
    wrapped_data_key: optionalBlob,
    wrapping_key_label: optionalText,
    nonce: optionalBlob,
    ciphertext: optionalBlob,
    tag: optionalBlob,
  },
}

const UNIQUE: readonly (readonly [string, readonly string[]])[] = [
  ['card', ['tenant', 'serial']],
  ['certificate', ['issuer', 'serial']],
  ['crl', ['issuer', 'number']],
  ['session_proof', ['session_id', 'jti']],
  ['idempotency_key', ['key', 'operator', 'route']],
]

/** Lists are newest first by (created_at, id): each filter's index ends with that order. */
const LISTED: readonly (readonly [string, readonly string[]])[] = [
  ['operator', ['tenant', 'office', 'status']],
  ['holder', ['tenant', 'office', 'family_name', 'personal_number', 'document_number', 'email', 'birth_date']],
  ['enrolment', ['tenant', 'office', 'state', 'holder_id', 'officer', 'card_serial']],
  ['proofing', ['holder_id', 'enrolment_id', 'document_number']],
  ['card', ['tenant', 'office', 'state', 'holder_id', 'enrolment_id']],
  ['certificate', ['tenant', 'office', 'state', 'holder_id', 'card_id', 'enrolment_id']],
  ['station', ['tenant', 'office']],
  ['session', ['operator_id', 'station_id']],
]

const LOOKED_UP: readonly (readonly [string, readonly string[]])[] = [
  ['division', ['tenant', 'path']],
  ['office', ['tenant', 'division']],
  ['operator_certificate', ['operator_id']],
  ['grant', ['operator_id']],
  ['session', ['expires_at']],
  ['session_proof', ['expires_at']],
  ['sign_in_challenge', ['expires_at']],
  ['idempotency_key', ['expires_at']],
  ['certificate', ['state', 'not_after']],
  ['crl', ['issuer', 'this_update']],
  ['secret_code', ['owner_kind', 'owner_id']],
  ['secret_code', ['card_id', 'kind']],
  ['secret_code', ['data_key_id']],
]

/** Tables in the order of their references. */
const statements = (db: Untyped, dialect: DialectName): readonly Compilable[] => {
  const specs = { ...organisation, ...access, ...registration, ...vault }
  return [
    ...Object.entries(specs).map(([name, columns]) => table(db, name, columns, dialect)),
    db.schema
      .createTable('audit_intent')
      .addColumn('position', counter(dialect), (column) => column.primaryKey())
      .addColumn('id', 'text', (column) => column.notNull().unique())
      .addColumn('created_at', dialect === 'sqlite' ? 'integer' : 'bigint', (column) => column.notNull())
      .addColumn('body', 'text', (column) => column.notNull()),
    ...UNIQUE.map(([name, columns]) => index(db, name, columns, true)),
    ...LISTED.flatMap(([name, columns]) => columns.map((column) => index(db, name, [column, 'created_at', 'id']))),
    ...LOOKED_UP.map(([name, columns]) => index(db, name, columns)),
  ]
}

export const initialOperational: Migration = { id: '0001-initial', statements }
