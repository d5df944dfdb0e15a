import type { ColumnType, Generated, Kysely, Transaction } from 'kysely'
import type { Blob, Flag, JsonText, Time } from './columns.ts'

/** What every entity carries; `tenant` is a tenant's id, never null. */
export interface Entity {
  id: string
  tenant: string
  version: Generated<number>
  created_at: ColumnType<Time, Time, never>
  updated_at: Time
}
/** Where an entity belongs, when it belongs somewhere; ids of division and office. */
export interface Placed {
  division: string | null
  office: string | null
}

export interface TenantTable {
  id: string
  name: string
  status: 'active' | 'suspended'
  version: Generated<number>
  created_at: ColumnType<Time, Time, never>
  updated_at: Time
}
export interface DivisionTable extends Entity {
  name: string
  /** Parent division's id; null at the top of the tree. */
  parent: string | null
  /** Ids from the top to this one, each followed by `/`, so that "this and all below" is one prefix. */
  path: string
}
export interface OfficeTable extends Entity {
  division: string
  name: string
}
export interface OperatorTable extends Entity, Placed {
  name: string
  email: string | null
  status: 'active' | 'suspended'
}
export interface OperatorCertificateTable extends Entity {
  operator_id: string
  /** SHA-256 of the DER certificate, lower-case hex; unique. */
  fingerprint: string
  subject: string
  issuer: string
  /** Serial number, lower-case hex. */
  serial: string
  der: Blob
  not_before: Time
  not_after: Time
  status: 'active' | 'revoked'
}
export interface GrantTable extends Entity {
  operator_id: string
  role: string
  scope_kind: 'everything' | 'division' | 'office'
  /** Division or office id; null for everything. */
  scope_id: string | null
  /** JSON array of task names, or null for all tasks of the role. */
  tasks: JsonText | null
  valid_from: Time
  valid_to: Time | null
}
export interface StationTable extends Entity, Placed {
  name: string
  /** DER SubjectPublicKeyInfo of the station's key. */
  public_key: Blob
  /** SHA-256 of `public_key`, lower-case hex; unique. */
  key_fingerprint: string
  status: 'active' | 'suspended'
  last_seen_at: Time | null
}
export interface SignInChallengeTable {
  nonce: string
  tenant: string
  station_id: string
  created_at: Time
  expires_at: Time
  used_at: Time | null
}
export interface SessionTable extends Entity, Placed {
  operator_id: string
  role: string
  station_id: string | null
  /** RFC 7638 thumbprint of the session's public key, base64url. */
  key_thumbprint: string
  key_jwk: JsonText
  card_serial: string | null
  expires_at: Time
  locked_at: Time | null
  ended_at: Time | null
  end_reason: string | null
  kind: string | null
  /** SHA-256 of the session token, base64url; the token itself is nowhere. */
  token_digest: string | null
  /** The key of the session's proofs, wrapped by the key store. */
  proof_key: Blob | null
  /** Fingerprint of the certificate that signed in. */
  certificate: string | null
  seen_at: Time | null
  /** The furthest a proof's time was ahead of our clock, in whole seconds rounded up; null: never. */
  clock_ahead_ms: number | null
}
/** Proofs seen, so that none is taken twice; rows past `expires_at` may be deleted. */
export interface SessionProofTable {
  session_id: string
  jti: string
  expires_at: Time
}
export interface HolderTable extends Entity, Placed {
  given_names: string
  family_name: string
  /** `YYYY-MM-DD`. */
  birth_date: string
  /** ISO 3166-1 alpha-3, as in the MRZ. */
  nationality: string
  email: string | null
  personal_number: string | null
  /** Of the document last proved, for search. */
  document_type: string | null
  document_number: string | null
  /** Everything a desk searches by, through `foldForSearch`, words separated by single blanks. */
  search: string
}
export interface ProofingTable extends Entity, Placed {
  holder_id: string
  enrolment_id: string | null
  document_type: string
  document_number: string
  document_issuer: string
  /** `YYYY-MM-DD`. */
  document_expiry: string
  mrz: string | null
  checklist: JsonText
  /** Operator who compared the face. */
  compared_by: string
  compared_at: Time
  note: string | null
}
export type EnrolmentState =
  | 'draft'
  | 'proofed'
  | 'awaiting-approval'
  | 'approved'
  | 'personalising'
  | 'interrupted'
  | 'issued'
  | 'handed-over'
  | 'cancelled'
  | 'rejected'
export interface EnrolmentTable extends Entity, Placed {
  holder_id: string
  state: EnrolmentState
  card_profile: string
  /** Operator who drives it. */
  officer: string
  card_id: string | null
  card_serial: string | null
  /** The registration record exactly as signed, and the CMS signature over it. */
  record: string | null
  record_cms: Blob | null
  recorded_at: Time | null
  /** Each personalisation step with state and times. */
  steps: JsonText
  interrupted_reason: string | null
  interrupted_at: Time | null
  approved_by: string | null
  approved_at: Time | null
  handed_over_at: Time | null
}
export type CardState = 'blank' | 'personalising' | 'active' | 'suspended' | 'terminated'
export interface CardTable extends Entity, Placed {
  /** Unique per tenant. */
  serial: string
  chuid: string | null
  atr: string | null
  state: CardState
  reason: string | null
  holder_id: string | null
  card_profile: string | null
  enrolment_id: string | null
  expires_at: Time | null
}
export type CertificateState = 'requested' | 'issued' | 'suspended' | 'revoked' | 'expired'
export interface CertificateTable extends Entity, Placed {
  /** Serial number, lower-case hex; unique with `issuer`. Null while `requested`. */
  serial: string | null
  issuer: Generated<string>
  card_id: string | null
  enrolment_id: string | null
  holder_id: string | null
  profile: string
  slot: string | null
  subject: string
  der: Blob | null
  state: CertificateState
  not_before: Time | null
  not_after: Time | null
  revoked_at: Time | null
  revocation_reason: string | null
  /** Makes issuing idempotent: one key, one certificate. Unique. */
  request_key: string
  /** The request, so that an issuing cut short is finished or revoked. */
  csr: Blob | null
}
/** What the internal CA signed: its own books, apart from what the certificates are used for. */
export interface CaCertificateTable {
  serial: string
  request_key: string
  request_digest: string
  profile: string
  not_before: Time
  not_after: Time
  tbs: Blob
  der: Blob | null
  status: 'issued' | 'suspended' | 'revoked'
  status_at: Time | null
  status_reason: string | null
}
/** The last CRL number given out per issuer. */
export interface CaCrlNumberTable {
  issuer: string
  number: number
}
export interface UnblockTable extends Entity, Placed {
  card_id: string
  operator_id: string
  state: 'started' | 'done' | 'failed'
  checks: JsonText
  reason: string
  error: string | null
}
export interface CrlTable {
  id: string
  issuer: string
  number: number
  der: Blob
  this_update: Time
  next_update: Time
  created_at: Time
}
export type SecretCodeState =
  | 'created'
  | 'stored'
  | 'printed'
  | 'delivered'
  | 'used'
  | 'replaced'
  | 'revoked'
  | 'destroyed'
export interface SecretCodeTable extends Entity, Placed {
  kind: 'pin' | 'puk' | 'management-key'
  owner_kind: string
  owner_id: string
  card_id: string | null
  state: SecretCodeState
  /** Null once destroyed. */
  data_key_id: string | null
  wrapped_data_key: Blob | null
  wrapping_key_label: string | null
  nonce: Blob | null
  ciphertext: Blob | null
  tag: Blob | null
}
/** Data keys shared by several codes, each wrapped by a key that never leaves the HSM. */
export interface DataKeyTable {
  id: string
  tenant: string
  wrapped: Blob
  wrapping_key_label: string
  algorithm: string
  created_at: Time
  retired_at: Time | null
}
/** Answers kept so that a repeated POST is answered, not done again. Unique (key, operator, route). */
export interface IdempotencyKeyTable {
  key: string
  operator: string
  route: string
  tenant: string
  request_hash: string
  /** HTTP status; null while the first call is still running. */
  status: number | null
  body: string | null
  headers: JsonText | null
  created_at: Time
  expires_at: Time
}
/** Written by `recordIntent` in the transaction of the change; drained by the sequencer in order of `position`. */
export interface AuditIntentTable {
  position: Generated<number>
  id: string
  created_at: Time
  body: JsonText
  /** The node that drains it; null: any. */
  node: string | null
}
/** A filter of the audit an operator keeps; unique (tenant, operator_id, name). */
export interface AuditFilterTable extends Entity {
  operator_id: string
  name: string
  search: JsonText
}
/** A year of administrators' access, reviewed; unique (tenant, year). */
export interface AccessReviewTable extends Entity {
  year: number
  /** Who reviewed it. */
  operator_id: string
  note: string
}
/** Facts of the installation kept in the database: node name, creation time, … */
export interface SettingTable {
  name: string
  value: JsonText
  updated_at: Time
}

export interface JobTable extends Entity {
  kind: string
  state: 'waiting' | 'running' | 'done' | 'dead'
  body: JsonText
  /** Set for what must be made once however often it is asked for. */
  unique_key: string | null
  schedule: string | null
  requested_by: string | null
  /** Only this node may run it; null: any. */
  node: string | null
  attempts: number
  max_attempts: number
  due_at: Time
  /** While running: who holds it, until when. */
  lease_owner: string | null
  lease_until: Time | null
  ended_at: Time | null
  last_error: string | null
}
export interface JobRunTable {
  job_id: string
  attempt: number
  node: string
  started_at: Time
  ended_at: Time | null
  outcome: 'done' | 'failed' | 'refused' | 'lost' | null
  error: string | null
}
export interface ScheduleTable extends Entity {
  name: string
  cron: string
  time_zone: string
  enabled: Flag
  next_at: Time | null
  last_at: Time | null
  last_job: string | null
}
export interface AlarmTable extends Entity {
  kind: string
  key: string
  severity: 'warning' | 'critical'
  detail: JsonText
  last_raised_at: Time
  times: number
  mailed_at: Time | null
  acknowledged_at: Time | null
  acknowledged_by: string | null
  note: string | null
  /** Null while it is open; unique per kind and key then. */
  cleared_at: Time | null
}
/** What an administrator sets of the installation's work: mail, retention. */
export interface OperationSettingTable extends Entity {
  name: string
  value: JsonText
}
export interface CleaningTable extends Entity {
  chain: string
  state: 'waiting' | 'running' | 'done' | 'failed'
  cut: number
  entries: number
  bytes: number
  until: Time | null
  requested_by: string | null
  ended_at: Time | null
  error: string | null
}
export interface ErasureTable extends Entity {
  object_type: string
  object_id: string
  rule: string
  reason: string
  state: 'requested' | 'refused' | 'approved' | 'done' | 'failed'
  requested_by: string | null
  decided_by: string | null
  decided_at: Time | null
  refusal: string | null
  entries: number
  bytes: number
  chains: JsonText
  ended_at: Time | null
  error: string | null
}

/** An export that was ordered; running is not written down, since a killed process could not take it back. */
export interface AuditExportTable extends Entity, Placed {
  /** Null: from the shell. */
  requested_by: string | null
  requested_role: string | null
  /** Whose folder holds it. */
  node: string
  job_id: string
  state: 'waiting' | 'ready' | 'failed' | 'cancelled' | 'gone'
  ordered: JsonText
  /** What was in reach when it was ordered, resolved: `ExportFilter`. */
  filter: JsonText
  completeness: string
  entries: number | null
  bytes: number | null
  file_name: string | null
  manifest_digest: string | null
  /** Files of the package in order, with size, digest and CRC. */
  members: JsonText
  signers: JsonText
  /** When its archive time-stamp has to be renewed at the latest. */
  renew_at: Time | null
  ended_at: Time | null
  kept_until: Time | null
  error: string | null
}

/** A certificate of another authority for a key of the key store; see migration 0008. */
export interface KeyCertificateTable {
  id: string
  tenant: string
  label: string
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
  key_id: string
  /** JSON array of DER, base64: the certificate first. */
  chain: JsonText
  created_at: Time
}
/** Which key took over a use, and when; the newest row is in force. */
export interface KeySuccessionTable {
  id: string
  tenant: string
  use: 'export'
  label: string
  key_id: string
  created_at: Time
}

export interface OperationalDb {
  tenant: TenantTable
  division: DivisionTable
  office: OfficeTable
  operator: OperatorTable
  operator_certificate: OperatorCertificateTable
  grant: GrantTable
  station: StationTable
  sign_in_challenge: SignInChallengeTable
  session: SessionTable
  session_proof: SessionProofTable
  holder: HolderTable
  proofing: ProofingTable
  enrolment: EnrolmentTable
  card: CardTable
  certificate: CertificateTable
  crl: CrlTable
  ca_certificate: CaCertificateTable
  ca_crl_number: CaCrlNumberTable
  unblock: UnblockTable
  secret_code: SecretCodeTable
  data_key: DataKeyTable
  idempotency_key: IdempotencyKeyTable
  audit_intent: AuditIntentTable
  audit_filter: AuditFilterTable
  access_review: AccessReviewTable
  setting: SettingTable
  job: JobTable
  job_run: JobRunTable
  schedule: ScheduleTable
  alarm: AlarmTable
  operation_setting: OperationSettingTable
  cleaning: CleaningTable
  erasure: ErasureTable
  audit_export: AuditExportTable
  key_certificate: KeyCertificateTable
  key_succession: KeySuccessionTable
}

export type OperationalDatabase = Kysely<OperationalDb>
export type OperationalTransaction = Transaction<OperationalDb>
