import { z } from 'zod'
import type { Right } from './permissions.ts'
import { Base64, CardSerial, CertificateSerial, Id, PageQuery, page, PublicJwk, Text, TimeMs } from './scalars.ts'
import {
  ConsoleAnswer,
  ConsoleRequest,
  ConsoleRequestView,
  SignInAnswer,
  SignInChallenge,
  SignInRequest,
} from './session.ts'
import { Sealed } from './sealed.ts'
import { AuditAction, EnrolmentState, RevocationReason, Slot } from './words.ts'
import { ERROR_CODES, type ErrorCode } from './errors.ts'
import {
  AuditEntryRow,
  AuditEntryView,
  CardProfile,
  CardView,
  CertificateView,
  EnrolmentRow,
  EnrolmentView,
  HealthView,
  HolderFields,
  HolderRow,
  HolderView,
  IdentityCheck,
  OperatorView,
  ProofingFields,
  RegistrationRecord,
  SessionView,
  StationView,
  StepId,
  VerificationView,
} from './views.ts'

/**
 * Every HTTP route, once. The server's handlers, its OpenAPI document and both clients derive from this table.
 * `auth`: none, or a session with a right (`office` scope is applied by the service). `creates`: needs `Idempotency-Key`.
 * `changes`: needs `If-Match`; the answer carries `ETag`. `body`/`query`/`params` are strict: unknown keys are refused.
 */
export interface HttpRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly summary: string
  readonly auth: 'none' | Right
  readonly creates?: true
  readonly changes?: true
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodObject
  readonly answer: z.ZodType
}
const route = <const R extends HttpRoute>(r: R): R => r
const ErrorCodeSchema = z.enum(ERROR_CODES as unknown as [ErrorCode, ...ErrorCode[]])
const byId = z.strictObject({ id: Id })
const done = z.strictObject({ done: z.literal(true) })

export const AuditFilter = z.strictObject({
  ...PageQuery,
  from: z.coerce.number().int().min(0).optional(),
  to: z.coerce.number().int().min(0).optional(),
  objectType: z.string().max(40).optional(),
  objectId: z.string().max(100).optional(),
  action: AuditAction.optional(),
  operator: Text(200).optional(),
  office: z.string().max(80).optional(),
  station: z.string().max(80).optional(),
  text: Text(200).optional(),
})
export type AuditFilter = z.infer<typeof AuditFilter>

/** Secrets for the card that is being made, sealed to the card worker (`use: card-secrets`: pin, puk, managementKey). */
export const PersonalisationTicket = z.strictObject({
  enrolment: EnrolmentView,
  secrets: Sealed,
  guid: z.string().regex(/^[0-9a-f]{32}$/),
  expiresOn: z.iso.date(),
})
export type PersonalisationTicket = z.infer<typeof PersonalisationTicket>

export const HTTP = {
  createChallenge: route({
    method: 'POST',
    path: '/api/v1/sign-in/challenges',
    summary: 'Ask for a sign-in challenge',
    auth: 'none',
    body: z.strictObject({ station: Id }),
    answer: SignInChallenge,
  }),
  signIn: route({
    method: 'POST',
    path: '/api/v1/sign-in/sessions',
    summary: 'Sign in with a statement signed by a card',
    auth: 'none',
    body: SignInRequest,
    answer: SignInAnswer,
  }),
  readSession: route({
    method: 'GET',
    path: '/api/v1/session',
    summary: 'The session in use',
    auth: 'session.own',
    answer: SessionView,
  }),
  endSession: route({
    method: 'DELETE',
    path: '/api/v1/session',
    summary: 'Sign out, or lock because the card was pulled',
    auth: 'session.own',
    query: z.strictObject({ why: z.enum(['sign-out', 'lock', 'card-removed']).default('sign-out') }),
    answer: done,
  }),

  createConsoleRequest: route({
    method: 'POST',
    path: '/api/v1/console-requests',
    summary: 'A console asks to be signed in',
    auth: 'none',
    body: z.strictObject({ sessionKey: PublicJwk }),
    answer: ConsoleRequest,
  }),
  readConsoleRequest: route({
    method: 'GET',
    path: '/api/v1/console-requests/:id',
    summary: 'Has an operator approved?',
    auth: 'none',
    params: byId,
    answer: ConsoleAnswer,
  }),
  findConsoleRequest: route({
    method: 'GET',
    path: '/api/v1/console-codes/:code',
    summary: 'What a console code stands for',
    auth: 'console.use',
    params: z.strictObject({ code: z.string().max(12) }),
    answer: ConsoleRequestView,
  }),
  approveConsole: route({
    method: 'POST',
    path: '/api/v1/console-codes/:code/approval',
    summary: 'Approve with a statement signed by the card',
    auth: 'console.use',
    params: z.strictObject({ code: z.string().max(12) }),
    body: z.strictObject({ statement: Base64(4096), cms: Base64(16_384) }),
    answer: done,
  }),

  listHolders: route({
    method: 'GET',
    path: '/api/v1/holders',
    summary: 'Search people',
    auth: 'holder.read',
    query: z.strictObject({ ...PageQuery, text: Text(200).optional() }),
    answer: page(HolderRow),
  }),
  createHolder: route({
    method: 'POST',
    path: '/api/v1/holders',
    summary: 'Register a person',
    auth: 'holder.write',
    creates: true,
    body: HolderFields,
    answer: HolderView,
  }),
  readHolder: route({
    method: 'GET',
    path: '/api/v1/holders/:id',
    summary: 'One person',
    auth: 'holder.read',
    params: byId,
    answer: HolderView,
  }),
  updateHolder: route({
    method: 'PUT',
    path: '/api/v1/holders/:id',
    summary: "Correct a person's data",
    auth: 'holder.write',
    changes: true,
    params: byId,
    body: HolderFields,
    answer: HolderView,
  }),
  listHolderCards: route({
    method: 'GET',
    path: '/api/v1/holders/:id/cards',
    summary: "A person's cards",
    auth: 'card.read',
    params: byId,
    answer: z.strictObject({ items: z.array(CardView) }),
  }),

  listProfiles: route({
    method: 'GET',
    path: '/api/v1/card-profiles',
    summary: 'Card profiles',
    auth: 'profile.read',
    answer: z.strictObject({ items: z.array(CardProfile) }),
  }),

  listEnrolments: route({
    method: 'GET',
    path: '/api/v1/enrolments',
    summary: 'Enrolments, newest change first',
    auth: 'enrolment.read',
    query: z.strictObject({
      ...PageQuery,
      state: EnrolmentState.optional(),
      open: z.enum(['true', 'false']).optional(),
      holder: Id.optional(),
    }),
    answer: page(EnrolmentRow),
  }),
  createEnrolment: route({
    method: 'POST',
    path: '/api/v1/enrolments',
    summary: 'Begin an enrolment for a holder',
    auth: 'enrolment.write',
    creates: true,
    body: z.strictObject({ holder: Id }),
    answer: EnrolmentView,
  }),
  readEnrolment: route({
    method: 'GET',
    path: '/api/v1/enrolments/:id',
    summary: 'One enrolment',
    auth: 'enrolment.read',
    params: byId,
    answer: EnrolmentView,
  }),
  setProofing: route({
    method: 'PUT',
    path: '/api/v1/enrolments/:id/proofing',
    summary: 'Record the identity proofing',
    auth: 'enrolment.write',
    changes: true,
    params: byId,
    body: ProofingFields,
    answer: EnrolmentView,
  }),
  setProfile: route({
    method: 'PUT',
    path: '/api/v1/enrolments/:id/profile',
    summary: 'Choose the card profile',
    auth: 'enrolment.write',
    changes: true,
    params: byId,
    body: z.strictObject({ profile: z.string().max(40) }),
    answer: EnrolmentView,
  }),
  readRecord: route({
    method: 'GET',
    path: '/api/v1/enrolments/:id/record',
    summary: 'The registration record to sign',
    auth: 'enrolment.sign',
    params: byId,
    answer: z.strictObject({ record: RegistrationRecord, canonical: Base64(16_384) }),
  }),
  setRecord: route({
    method: 'PUT',
    path: '/api/v1/enrolments/:id/record',
    summary: 'The registration record, signed (CAdES, attached)',
    auth: 'enrolment.sign',
    changes: true,
    params: byId,
    body: z.strictObject({ cms: Base64(32_768) }),
    answer: EnrolmentView,
  }),
  startPersonalisation: route({
    method: 'POST',
    path: '/api/v1/enrolments/:id/personalisation',
    summary: 'Claim a card and get its secrets, sealed to the card worker; or go on with the same card',
    auth: 'card.personalise',
    params: byId,
    body: z.strictObject({ cardSerial: CardSerial, atr: z.string().max(66), workerKey: PublicJwk }),
    answer: PersonalisationTicket,
  }),
  completeStep: route({
    method: 'PUT',
    path: '/api/v1/enrolments/:id/steps/:step',
    summary: 'A personalisation step was done on the card',
    auth: 'card.personalise',
    params: z.strictObject({ id: Id, step: StepId }),
    body: z.strictObject({ cardSerial: CardSerial, startedAt: TimeMs, ms: z.number().min(0).max(3_600_000) }),
    answer: EnrolmentView,
  }),
  issueCertificate: route({
    method: 'POST',
    path: '/api/v1/enrolments/:id/certificates',
    summary:
      'Issue for a request signed on the card. The same request gives the same certificate; another key for the slot revokes the first.',
    auth: 'card.personalise',
    params: byId,
    body: z.strictObject({ cardSerial: CardSerial, slot: Slot, csr: Base64(8192) }),
    answer: z.strictObject({ certificate: CertificateView, der: Base64(8192), chain: z.array(Base64(8192)).max(5) }),
  }),
  interruptPersonalisation: route({
    method: 'POST',
    path: '/api/v1/enrolments/:id/interruption',
    summary: 'Say why personalising stopped',
    auth: 'card.personalise',
    params: byId,
    body: z.strictObject({ code: ErrorCodeSchema, step: StepId.nullable() }),
    answer: EnrolmentView,
  }),
  rollBack: route({
    method: 'POST',
    path: '/api/v1/enrolments/:id/roll-back',
    summary: 'Revoke what was issued and free the enrolment for another card',
    auth: 'card.personalise',
    params: byId,
    body: z.strictObject({ cardWiped: z.boolean(), reason: Text(500) }),
    answer: EnrolmentView,
  }),
  startHandOver: route({
    method: 'POST',
    path: '/api/v1/enrolments/:id/hand-over/secrets',
    summary: 'The transport PIN, sealed to the card worker, so that the holder can choose a PIN',
    auth: 'card.personalise',
    params: byId,
    body: z.strictObject({ cardSerial: CardSerial, workerKey: PublicJwk }),
    answer: z.strictObject({ secrets: Sealed }),
  }),
  handOver: route({
    method: 'POST',
    path: '/api/v1/enrolments/:id/hand-over',
    summary: 'The holder chose a PIN and took the card',
    auth: 'card.personalise',
    params: byId,
    body: z.strictObject({ cardSerial: CardSerial }),
    answer: EnrolmentView,
  }),
  cancelEnrolment: route({
    method: 'POST',
    path: '/api/v1/enrolments/:id/cancellation',
    summary: 'Cancel before a card was issued',
    auth: 'enrolment.write',
    params: byId,
    body: z.strictObject({ reason: Text(500) }),
    answer: EnrolmentView,
  }),

  listCards: route({
    method: 'GET',
    path: '/api/v1/cards',
    summary: 'Search cards',
    auth: 'card.read',
    query: z.strictObject({ ...PageQuery, text: Text(200).optional() }),
    answer: page(CardView),
  }),
  readCard: route({
    method: 'GET',
    path: '/api/v1/cards/:serial',
    summary: 'One card',
    auth: 'card.read',
    params: z.strictObject({ serial: CardSerial }),
    answer: CardView,
  }),
  startUnblock: route({
    method: 'POST',
    path: '/api/v1/cards/:serial/unblocks',
    summary: 'The PUK, sealed to the card worker, for one unblocking',
    auth: 'card.unblock',
    creates: true,
    params: z.strictObject({ serial: CardSerial }),
    body: z.strictObject({ workerKey: PublicJwk, checks: z.array(IdentityCheck).min(2).max(5), reason: Text(500) }),
    answer: z.strictObject({ id: Id, secrets: Sealed }),
  }),
  finishUnblock: route({
    method: 'PUT',
    path: '/api/v1/cards/:serial/unblocks/:id',
    summary: 'How the unblocking ended',
    auth: 'card.unblock',
    params: z.strictObject({ serial: CardSerial, id: Id }),
    body: z.strictObject({ outcome: z.enum(['done', 'failed']), code: ErrorCodeSchema.nullable() }),
    answer: done,
  }),
  revokeCertificate: route({
    method: 'POST',
    path: '/api/v1/certificates/:serial/revocation',
    summary: 'Revoke a certificate',
    auth: 'certificate.revoke',
    params: z.strictObject({ serial: CertificateSerial }),
    body: z.strictObject({ reason: RevocationReason, note: Text(500) }),
    answer: CertificateView,
  }),

  listOperators: route({
    method: 'GET',
    path: '/api/v1/operators',
    summary: 'Operators and their grants',
    auth: 'operator.read',
    query: z.strictObject({ ...PageQuery, text: Text(200).optional() }),
    answer: page(OperatorView),
  }),
  listStations: route({
    method: 'GET',
    path: '/api/v1/stations',
    summary: 'Registered stations',
    auth: 'station.read',
    query: z.strictObject({ ...PageQuery }),
    answer: page(StationView),
  }),

  listAudit: route({
    method: 'GET',
    path: '/api/v1/audit/entries',
    summary: 'Audit entries, newest first',
    auth: 'audit.read',
    query: AuditFilter,
    answer: page(AuditEntryRow),
  }),
  readAudit: route({
    method: 'GET',
    path: '/api/v1/audit/chains/:chain/entries/:sequence',
    summary: 'One audit entry with before and after',
    auth: 'audit.read',
    params: z.strictObject({
      chain: z
        .string()
        .max(100)
        .regex(/^[a-z0-9.-]+$/),
      sequence: z.coerce.number().int().min(0),
    }),
    answer: AuditEntryView,
  }),
  readTrail: route({
    method: 'GET',
    path: '/api/v1/audit/trails/:objectType/:objectId',
    summary: 'The whole trail of an object, oldest first',
    auth: 'trail.read',
    params: z.strictObject({
      objectType: z
        .string()
        .max(40)
        .regex(/^[a-z-]+$/),
      objectId: z
        .string()
        .max(100)
        .regex(/^[A-Za-z0-9_.:-]+$/),
    }),
    query: z.strictObject({ ...PageQuery }),
    answer: page(AuditEntryView),
  }),
  startVerification: route({
    method: 'POST',
    path: '/api/v1/audit/verifications',
    summary: 'Verify the chain',
    auth: 'audit.verify',
    creates: true,
    body: z.strictObject({ depth: z.enum(['quick', 'full']) }),
    answer: VerificationView,
  }),
  readVerification: route({
    method: 'GET',
    path: '/api/v1/audit/verifications/:id',
    summary: 'Progress or verdict',
    auth: 'audit.verify',
    params: byId,
    answer: VerificationView,
  }),
  listVerifications: route({
    method: 'GET',
    path: '/api/v1/audit/verifications',
    summary: 'Verifications, newest first',
    auth: 'audit.verify',
    query: z.strictObject({ ...PageQuery }),
    answer: page(VerificationView),
  }),
  cancelVerification: route({
    method: 'DELETE',
    path: '/api/v1/audit/verifications/:id',
    summary: 'Stop a running verification',
    auth: 'audit.verify',
    params: byId,
    answer: VerificationView,
  }),

  readHealth: route({
    method: 'GET',
    path: '/api/v1/health',
    summary: 'Health in detail',
    auth: 'health.read',
    answer: HealthView,
  }),
  ping: route({
    method: 'GET',
    path: '/api/v1/ping',
    summary: 'Is the server there, and which',
    auth: 'none',
    answer: z.strictObject({ name: z.string(), version: z.string(), time: TimeMs, keys: z.enum(['hsm', 'software']) }),
  }),
} as const satisfies Record<string, HttpRoute>

export type HttpName = keyof typeof HTTP
type Part<R, K extends string> = R extends { readonly [P in K]: infer S extends z.ZodType } ? S : never
type In<R, K extends string> = [Part<R, K>] extends [never] ? unknown : { [P in K]: z.input<Part<R, K>> }
type Out<R, K extends string> = [Part<R, K>] extends [never] ? unknown : { [P in K]: z.output<Part<R, K>> }
/** What a caller passes: only the parts the route has. */
export type HttpInput<N extends HttpName> = In<(typeof HTTP)[N], 'params'> &
  In<(typeof HTTP)[N], 'query'> &
  In<(typeof HTTP)[N], 'body'>
/** What a handler receives, parsed. */
export type HttpRequest<N extends HttpName> = Out<(typeof HTTP)[N], 'params'> &
  Out<(typeof HTTP)[N], 'query'> &
  Out<(typeof HTTP)[N], 'body'>
export type HttpAnswer<N extends HttpName> = z.output<(typeof HTTP)[N]['answer']>
