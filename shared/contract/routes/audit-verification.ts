import { z } from 'zod'
import { PageQuery, page } from '../scalars.ts'
import { VerificationView } from '../views.ts'
import { byId, route } from './route.ts'

export const auditVerificationRoutes = {
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
} as const
