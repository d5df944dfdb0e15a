import { z } from 'zod'
import { ERROR_CODES, type ErrorCode } from '../errors.ts'
import { Base64, CardSerial, Id, PageQuery, page, PublicJwk, Text, TimeMs } from '../scalars.ts'
import { Sealed } from '../sealed.ts'
import {
  CardProfile,
  CertificateView,
  EnrolmentRow,
  EnrolmentView,
  ProofingFields,
  RegistrationRecord,
  StepId,
} from '../views.ts'
import { EnrolmentState, Slot } from '../words.ts'
import { WorkerKeyVoucher } from '../worker-key.ts'
import { byId, route } from './route.ts'

/** Secrets for the card that is being made, sealed to the card worker (`use: card-secrets`: pin, puk, managementKey). */
export const PersonalisationTicket = z.strictObject({
  enrolment: EnrolmentView,
  secrets: Sealed,
  guid: z.string().regex(/^[0-9a-f]{32}$/),
  expiresOn: z.iso.date(),
})
export type PersonalisationTicket = z.infer<typeof PersonalisationTicket>

const ErrorCodeSchema = z.enum(ERROR_CODES as unknown as [ErrorCode, ...ErrorCode[]])

export const enrolmentsRoutes = {
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
    body: z.strictObject({
      cardSerial: CardSerial,
      atr: z.string().max(66),
      workerKey: PublicJwk,
      vouched: WorkerKeyVoucher,
    }),
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
    body: z.strictObject({ cardSerial: CardSerial, workerKey: PublicJwk, vouched: WorkerKeyVoucher }),
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
} as const
