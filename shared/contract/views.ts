import { z } from 'zod'
import {
  CardKeyAlgorithm,
  CardState,
  CertificateState,
  DocumentType,
  EnrolmentState,
  FaceFeature,
  ObjectType,
  RevocationReason,
  Role,
  Slot,
} from './words.ts'
import {
  Base64,
  CalendarDate,
  CardSerial,
  CertificateSerial,
  Country,
  ETag,
  HexBytes,
  Id,
  OperatorRef,
  Text,
  TimeMs,
} from './scalars.ts'
import { ERROR_CODES, type ErrorCode } from './errors.ts'

export * from './audit-views.ts'
export { OperatorRef } from './scalars.ts'

/** What screens and other processes may see of each entity. A view never carries a secret. */
const ErrorCodeSchema = z.enum(ERROR_CODES as unknown as [ErrorCode, ...ErrorCode[]])

export const OfficeRef = z.strictObject({ id: Id, name: Text(200), division: Text(200) })

export const GrantView = z.strictObject({
  role: Role,
  scope: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('everything') }),
    z.strictObject({ kind: z.literal('division'), id: Id, name: Text(200) }),
    z.strictObject({ kind: z.literal('office'), id: Id, name: Text(200) }),
  ]),
})
export type GrantView = z.infer<typeof GrantView>

/** A signed-in session as the operator may know it. `kind` tells where it may be used. */
export const SessionView = z.strictObject({
  id: Id,
  kind: z.enum(['desk', 'console']),
  operator: OperatorRef,
  role: Role,
  grants: z.array(GrantView).max(50),
  office: OfficeRef.nullable(),
  station: z.strictObject({ id: Id, name: Text(200) }).nullable(),
  cardSerial: z.string().max(64).nullable(),
  createdAt: TimeMs,
  expiresAt: TimeMs,
  lastSignInAt: TimeMs.nullable(),
})
export type SessionView = z.infer<typeof SessionView>

export const HolderFields = z.strictObject({
  givenNames: Text(100),
  familyName: Text(100),
  birthDate: CalendarDate,
  nationality: Country,
  personalNumber: Text(40).nullable(),
  email: z.email().max(200).nullable(),
})
export type HolderFields = z.infer<typeof HolderFields>
export const HolderView = HolderFields.extend({
  id: Id,
  office: OfficeRef,
  etag: ETag,
  createdAt: TimeMs,
  updatedAt: TimeMs,
})
export type HolderView = z.infer<typeof HolderView>
/** A row of the people list: the holder and what of theirs is alive. */
export const HolderRow = HolderView.extend({ activeCards: z.number().int(), openEnrolments: z.number().int() })
export type HolderRow = z.infer<typeof HolderRow>

export const ProofingFields = z.strictObject({
  documentType: DocumentType,
  documentNumber: Text(40),
  issuer: Country,
  expiresOn: CalendarDate,
  /** Two or three lines of the machine readable zone (ICAO 9303 parts 4 to 6), newline separated; null where the document has none. */
  mrz: z
    .string()
    .max(100)
    .regex(/^[A-Z0-9<\n]+$/)
    .nullable(),
  /** Every feature looked at and found to match; all are required to go on (ETSI TS 119 461). */
  faceFeatures: z.array(FaceFeature).max(FaceFeature.options.length),
  documentGenuine: z.literal(true),
  note: Text(500).nullable(),
})
export type ProofingFields = z.infer<typeof ProofingFields>
export const ProofingView = ProofingFields.extend({ id: Id, comparedBy: OperatorRef, comparedAt: TimeMs })
export type ProofingView = z.infer<typeof ProofingView>

/** What a kind of card gets. `certificateProfile` names a profile of the certification authority. */
export const CardProfile = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  name: z.strictObject({ en: Text(100), it: Text(100) }),
  description: z.strictObject({ en: Text(300), it: Text(300) }),
  applet: z.literal('piv'),
  keys: z
    .array(z.strictObject({ slot: Slot, algorithm: CardKeyAlgorithm, certificateProfile: z.string().max(40) }))
    .min(1)
    .max(4),
  validityDays: z.number().int().min(1).max(3660),
  pinTries: z.number().int().min(3).max(15),
  pukTries: z.number().int().min(3).max(15),
})
export type CardProfile = z.infer<typeof CardProfile>

export const CertificateView = z.strictObject({
  /** By which its trail is asked for. */
  id: Id,
  serial: CertificateSerial,
  slot: Slot,
  profile: z.string(),
  subject: z.string().max(500),
  issuer: z.string().max(500),
  state: CertificateState,
  notBefore: TimeMs,
  notAfter: TimeMs,
  revokedAt: TimeMs.nullable(),
  revocationReason: RevocationReason.nullable(),
  algorithm: z.string().max(40),
  sha256: HexBytes(32),
})
export type CertificateView = z.infer<typeof CertificateView>

export const CardView = z.strictObject({
  serial: CardSerial,
  guid: HexBytes(16).nullable(),
  state: CardState,
  profile: z.string().max(40).nullable(),
  holder: z.strictObject({ id: Id, name: Text(210) }).nullable(),
  enrolmentId: Id.nullable(),
  office: OfficeRef,
  expiresAt: TimeMs.nullable(),
  certificates: z.array(CertificateView).max(20),
  etag: ETag,
  createdAt: TimeMs,
  updatedAt: TimeMs,
})
export type CardView = z.infer<typeof CardView>

/**
 * Personalisation steps, in order. `key`, `request`, `certificate`, `write`, `read-back` come once per key slot
 * (`key:9A` ...). A step is done when the server has recorded it; doing one twice gives the same card.
 */
export const StepKind = z.enum([
  'claim',
  'management-key',
  'pin-puk',
  'chuid',
  'key',
  'request',
  'certificate',
  'write',
  'read-back',
  'finish',
])
export type StepKind = z.infer<typeof StepKind>
export const StepId = z
  .string()
  .regex(/^(claim|management-key|pin-puk|chuid|finish|(key|request|certificate|write|read-back):9[ACDE])$/)
export const StepView = z.strictObject({
  id: StepId,
  kind: StepKind,
  slot: Slot.nullable(),
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  startedAt: TimeMs.nullable(),
  doneAt: TimeMs.nullable(),
  error: ErrorCodeSchema.nullable(),
})
export type StepView = z.infer<typeof StepView>

export const EnrolmentView = z.strictObject({
  id: Id,
  etag: ETag,
  state: EnrolmentState,
  holder: HolderView,
  proofing: ProofingView.nullable(),
  profile: CardProfile.nullable(),
  office: OfficeRef,
  officer: OperatorRef,
  cardSerial: CardSerial.nullable(),
  signedAt: TimeMs.nullable(),
  steps: z.array(StepView).max(40),
  certificates: z.array(CertificateView).max(20),
  interruption: z.strictObject({ at: TimeMs, code: ErrorCodeSchema }).nullable(),
  createdAt: TimeMs,
  updatedAt: TimeMs,
})
export type EnrolmentView = z.infer<typeof EnrolmentView>
export const EnrolmentRow = z.strictObject({
  id: Id,
  state: EnrolmentState,
  holderId: Id,
  holderName: Text(210),
  profileId: z.string().nullable(),
  officer: OperatorRef,
  cardSerial: CardSerial.nullable(),
  updatedAt: TimeMs,
  createdAt: TimeMs,
})
export type EnrolmentRow = z.infer<typeof EnrolmentRow>

/** The statement an officer signs with their own card (CAdES, attached content, RFC 8785 canonical JSON). Kept as evidence. */
export const RegistrationRecord = z.strictObject({
  type: z.literal('countersign/registration-record/v1'),
  enrolment: Id,
  server: Text(200),
  officer: OperatorRef,
  office: OfficeRef,
  station: Id,
  holder: HolderFields.extend({ id: Id }),
  proofing: ProofingFields.extend({ id: Id, comparedAt: TimeMs }),
  profile: z.string(),
  certificates: z.array(z.strictObject({ slot: Slot, certificateProfile: z.string(), algorithm: CardKeyAlgorithm })),
  time: TimeMs,
})
export type RegistrationRecord = z.infer<typeof RegistrationRecord>

/** Identity questions a help-desk agent ticks before a PIN is unblocked. */
export const IdentityCheck = z.enum(['document-seen', 'birth-date', 'personal-number', 'card-in-hand', 'photo-match'])
export type IdentityCheck = z.infer<typeof IdentityCheck>

// ---- the card as the reader sees it

/** Why a card answers as it does, in one word; every one has a sentence and a way out on screen (UI.md "The card, in words"). */
export const ReaderState = z.enum(['empty', 'reading', 'unknown', 'mute', 'busy', 'blank', 'ready'])
export type ReaderState = z.infer<typeof ReaderState>

export const CardCertificate = z.strictObject({
  slot: Slot,
  der: Base64(4096),
  subject: z.string().max(500),
  commonName: z.string().max(200).nullable(),
  issuer: z.string().max(500),
  serial: z.string().max(64),
  notBefore: TimeMs,
  notAfter: TimeMs,
})
export type CardCertificate = z.infer<typeof CardCertificate>

export const CardOnReader = z.strictObject({
  /** Serial printed by the maker where the card tells it, else the CHUID GUID; null on a card with neither. */
  serial: CardSerial.nullable(),
  guid: HexBytes(16).nullable(),
  expiresOn: CalendarDate.nullable(),
  kind: z.string().max(60),
  pinTries: z.number().int().nullable(),
  pinTriesMax: z.number().int().nullable(),
  /** Null where the card does not tell. */
  pukTries: z.number().int().nullable(),
  pukTriesMax: z.number().int().nullable(),
  certificates: z.array(CardCertificate).max(8),
  /** True while it still has the maker's PIN state and no certificate: it may be personalised. */
  blank: z.boolean(),
})
export type CardOnReader = z.infer<typeof CardOnReader>

export const ReaderView = z.strictObject({
  name: z.string().max(200),
  virtual: z.boolean(),
  state: ReaderState,
  atr: HexBytes(33).nullable(),
  card: CardOnReader.nullable(),
  /** For `busy`: which program holds the card, where the system tells. */
  busyWith: z.string().max(200).nullable(),
  changedAt: TimeMs,
})
export type ReaderView = z.infer<typeof ReaderView>

// ---- operations

export const HealthCheck = z.strictObject({
  name: z.string().max(60),
  state: z.enum(['ok', 'warning', 'failed']),
  detail: z.string().max(300).nullable(),
  ms: z.number(),
})
export const HealthView = z.strictObject({
  state: z.enum(['ok', 'warning', 'failed']),
  version: z.string(),
  node: z.string(),
  startedAt: TimeMs,
  time: TimeMs,
  /** `software` is for development and named so on every screen. */
  keys: z.enum(['hsm', 'software']),
  chain: z.strictObject({
    name: z.string(),
    sequence: z.number().int(),
    state: z.enum(['running', 'stopped']),
    waiting: z.number().int(),
  }),
  checks: z.array(HealthCheck).max(30),
  load: z.strictObject({ requestsPerMinute: z.number(), memoryMb: z.number(), eventLoopMs: z.number() }),
})
export type HealthView = z.infer<typeof HealthView>

export const OperatorView = z.strictObject({
  id: Id,
  name: Text(200),
  email: z.string().nullable(),
  status: z.enum(['active', 'suspended']),
  grants: z.array(GrantView),
  etag: ETag,
})
export type OperatorView = z.infer<typeof OperatorView>
export const StationView = z.strictObject({
  id: Id,
  name: Text(200),
  office: OfficeRef,
  status: z.enum(['active', 'suspended']),
  lastSeenAt: TimeMs.nullable(),
})
export type StationView = z.infer<typeof StationView>
export { ObjectType as AuditObjectType }
