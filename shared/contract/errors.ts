/**
 * The closed list of everything that may go wrong, held once for server, desk and screens.
 * `status`: HTTP status (RFC 9110); `retry`: may the same call succeed when simply tried again;
 * `fatal`: the process that met it must stop accepting work. Sentences for people live in `renderer/text`.
 */
const row = (status: number, retry = false, fatal = false) => ({ status, retry, fatal }) as const

export const ERRORS = {
  ACCESS_DENIED: row(403),
  ACCESS_SELF_APPROVAL: row(403),
  ALARM_NOT_FOUND: row(404),
  AUDIT_CHAIN_UNWRITABLE: row(503, true, true),
  AUDIT_COSIGNATURE_INVALID: row(422),
  AUDIT_CLEANING_CHANGED: row(409),
  AUDIT_ERASURE_NOT_FOUND: row(404),
  AUDIT_ERASURE_STATE: row(409),
  AUDIT_HISTORY_CONTRADICTED: row(409),
  AUDIT_MAINTENANCE_MISSING: row(409),
  AUDIT_NOT_FOUND: row(404),
  AUDIT_PROOF_UNAVAILABLE: row(404),
  AUDIT_RETENTION_HELD: row(409),
  AUDIT_RETENTION_TOO_SHORT: row(422),
  AUDIT_VERIFICATION_RUNNING: row(409, true),
  AUDIT_WITNESS_KEY_CHANGED: row(409),
  CA_PROFILE_UNKNOWN: row(422),
  CA_REQUEST_INVALID: row(422),
  CA_UNAVAILABLE: row(503, true),
  CARD_BUSY: row(409, true),
  CARD_COMMAND_FAILED: row(502, true),
  CARD_CHANGED: row(409),
  CARD_MANAGEMENT_KEY_WRONG: row(422),
  CARD_MISMATCH: row(409),
  CARD_MUTE: row(502, true),
  CARD_NOT_BLANK: row(409),
  CARD_NOT_FOUND: row(404),
  CARD_NOT_PRESENT: row(409, true),
  CARD_PIN_BLOCKED: row(422),
  CARD_PIN_POLICY: row(422),
  CARD_PIN_WRONG: row(422, true),
  CARD_PUK_BLOCKED: row(422),
  CARD_PUK_WRONG: row(422),
  CARD_REMOVED: row(409, true),
  CARD_TIMEOUT: row(504, true),
  CARD_UNKNOWN: row(422),
  CARD_UNSUPPORTED: row(422),
  CERTIFICATE_EXPIRED: row(401),
  CERTIFICATE_INVALID: row(401),
  CERTIFICATE_NOT_FOUND: row(404),
  CERTIFICATE_NOT_YET_VALID: row(401),
  CERTIFICATE_REVOKED: row(401),
  CERTIFICATE_UNTRUSTED: row(401),
  CERTIFICATE_WRONG_USAGE: row(401),
  CHAIN_CONFLICT: row(500, true, true),
  CHAIN_KEY_UNUSABLE: row(503, true, true),
  CONFIG_INVALID: row(500, false, true),
  CONTRACT_MISMATCH: row(502),
  DATABASE_BUSY: row(503, true),
  DATABASE_UNAVAILABLE: row(503, true, true),
  ENROLMENT_NOT_FOUND: row(404),
  ENROLMENT_STATE: row(409),
  EXPORT_BUSY: row(409, true),
  EXPORT_CHAIN_BROKEN: row(409),
  EXPORT_CHAIN_UNSEALED: row(409, true),
  EXPORT_COMPLETENESS_IMPOSSIBLE: row(422),
  EXPORT_DISK_FULL: row(507),
  EXPORT_LEVEL_UNAVAILABLE: row(422),
  EXPORT_NOT_FOUND: row(404),
  EXPORT_PASS_INVALID: row(401),
  EXPORT_RANGE_INVALID: row(416),
  EXPORT_SIGNATURE_INVALID: row(422),
  EXPORT_STATE: row(409),
  EXPORT_TOO_LARGE: row(422),
  HOLDER_NOT_FOUND: row(404),
  HSM_ALGORITHM_UNSUPPORTED: row(422),
  HSM_UNAVAILABLE: row(503, true),
  HSM_KEY_NOT_FOUND: row(500, false, true),
  INTERNAL: row(500, true),
  JOB_NOT_FOUND: row(404),
  JOB_SCHEDULE_INVALID: row(422),
  JOB_STATE: row(409),
  MAIL_NOT_CONFIGURED: row(409),
  MAIL_REFUSED: row(502),
  MAIL_UNAVAILABLE: row(503, true),
  NETWORK_OFFLINE: row(503, true),
  NETWORK_UNTRUSTED_SERVER: row(502),
  NOT_FOUND: row(404),
  OPERATOR_NOT_FOUND: row(401),
  OPERATOR_SUSPENDED: row(403),
  PROOFING_INVALID: row(422),
  PROOFING_NOT_FOUND: row(404),
  PROOFING_OF_ANOTHER: row(409),
  READER_NOT_FOUND: row(404, true),
  READER_SERVICE_DOWN: row(503, true),
  RECORD_INVALID: row(422),
  REQUEST_CONFLICT: row(409),
  REQUEST_IDEMPOTENCY_REUSED: row(422),
  REQUEST_INVALID: row(400),
  REQUEST_NOT_ALLOWED: row(405),
  REQUEST_PRECONDITION_FAILED: row(412),
  REQUEST_PRECONDITION_REQUIRED: row(428),
  REQUEST_RATE_LIMITED: row(429, true),
  REQUEST_TOO_LARGE: row(413),
  REQUEST_UNSUPPORTED_MEDIA: row(415),
  SEALED_INVALID: row(422),
  SESSION_EXPIRED: row(401),
  SESSION_LOCKED: row(401),
  SESSION_PROOF_INVALID: row(401),
  SESSION_REQUIRED: row(401),
  SIGNING_CERTIFICATE_UNUSABLE: row(409),
  SIGNING_INPUT_INVALID: row(422),
  SIGNING_LEVEL_UNAVAILABLE: row(409),
  SIGNING_REVOCATION_UNAVAILABLE: row(503, true),
  SIGNING_TOO_LARGE: row(413),
  SIGN_IN_CHALLENGE_INVALID: row(401),
  SIGN_IN_STATEMENT_INVALID: row(401),
  STATION_UNKNOWN: row(401),
  STORE_UNREADABLE: row(500),
  TIMESTAMP_UNAVAILABLE: row(503, true),
  VAULT_CODE_NOT_FOUND: row(404),
  VAULT_REASON_REQUIRED: row(422),
  VAULT_UNAVAILABLE: row(503, true),
  WORKER_CRASHED: row(503, true),
} as const

export type ErrorCode = keyof typeof ERRORS
export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[]
export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(ERRORS, value)

/** What may travel beside a code: numbers and words that help the reader, never a secret. */
export type ErrorDetail = Readonly<Record<string, string | number | boolean | null>>

/** The only error thrown across modules. `cause` is logged under an id at the boundary and never leaves the process. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly detail: ErrorDetail
  constructor(code: ErrorCode, detail: ErrorDetail = {}, options?: { cause?: unknown }) {
    super(code, options)
    this.name = 'AppError'
    this.code = code
    this.detail = detail
  }
  get status(): number {
    return ERRORS[this.code].status
  }
  get retry(): boolean {
    return ERRORS[this.code].retry
  }
}
