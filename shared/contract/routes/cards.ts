import { z } from 'zod'
import { ERROR_CODES, type ErrorCode } from '../errors.ts'
import { CardSerial, CertificateSerial, Id, PageQuery, page, PublicJwk, Text } from '../scalars.ts'
import { Sealed } from '../sealed.ts'
import { CardView, CertificateView, IdentityCheck } from '../views.ts'
import { RevocationReason } from '../words.ts'
import { WorkerKeyVoucher } from '../worker-key.ts'
import { done, route } from './route.ts'

const ErrorCodeSchema = z.enum(ERROR_CODES as unknown as [ErrorCode, ...ErrorCode[]])

export const cardsRoutes = {
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
    body: z.strictObject({
      workerKey: PublicJwk,
      vouched: WorkerKeyVoucher,
      checks: z.array(IdentityCheck).min(2).max(5),
      reason: Text(500),
    }),
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
} as const
