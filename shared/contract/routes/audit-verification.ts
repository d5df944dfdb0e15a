import { z } from 'zod'
import { PageQuery, page } from '../scalars.ts'
import { AuditChainName, VerificationDepth, VerificationView } from '../views.ts'
import { byId, route } from './route.ts'

export const auditVerificationRoutes = {
  startVerification: route({
    method: 'POST',
    path: '/api/v1/audit/verifications',
    summary: 'Verify a chain, all chains, or the entries in my reach',
    auth: 'audit.verify',
    creates: true,
    /**
     * `chain`: one, or `*` for all, one after the other; without it the node's own. Who does not see everything is
     * given `inclusion` whatever they ask for: their own entries only.
     */
    body: z.strictObject({
      depth: VerificationDepth,
      chain: z.union([z.literal('*'), AuditChainName]).optional(),
    }),
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
    query: z.strictObject({
      ...PageQuery,
      chain: AuditChainName.optional(),
      state: z.enum(['running', 'passed', 'failed', 'cancelled', 'error']).optional(),
    }),
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
