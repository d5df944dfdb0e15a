import { z } from 'zod'
import { PageQuery, page, Text } from '../scalars.ts'
import { AuditEntryRow, AuditEntryView } from '../views.ts'
import { AuditAction } from '../words.ts'
import { route } from './route.ts'

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

export const auditRoutes = {
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
} as const
