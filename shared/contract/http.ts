import type { z } from 'zod'
import { alarmsRoutes } from './routes/alarms.ts'
import { auditAccessRoutes } from './routes/audit-access.ts'
import { auditKeysRoutes } from './routes/audit-keys.ts'
import { auditRetentionRoutes } from './routes/audit-retention.ts'
import { auditWitnessRoutes } from './routes/audit-witness.ts'
import { jobsRoutes } from './routes/jobs.ts'
import { auditRoutes } from './routes/audit.ts'
import { auditVerificationRoutes } from './routes/audit-verification.ts'
import { cardsRoutes } from './routes/cards.ts'
import { directoryRoutes } from './routes/directory.ts'
import { enrolmentsRoutes } from './routes/enrolments.ts'
import { exportsRoutes, keysRoutes } from './routes/exports.ts'
import { holdersRoutes } from './routes/holders.ts'
import { sessionRoutes } from './routes/session.ts'
import { systemRoutes } from './routes/system.ts'
import type { HttpRoute } from './routes/route.ts'

export type { HttpRoute } from './routes/route.ts'
export { AuditFilter, FollowFilter } from './routes/audit.ts'
export { AccessFilter } from './routes/audit-access.ts'
export { PersonalisationTicket } from './routes/enrolments.ts'

/** Every HTTP route, once; one file for each area in `routes/`. */
export const HTTP = {
  ...sessionRoutes,
  ...holdersRoutes,
  ...enrolmentsRoutes,
  ...cardsRoutes,
  ...directoryRoutes,
  ...auditRoutes,
  ...auditVerificationRoutes,
  ...auditWitnessRoutes,
  ...auditRetentionRoutes,
  ...auditKeysRoutes,
  ...auditAccessRoutes,
  ...exportsRoutes,
  ...keysRoutes,
  ...alarmsRoutes,
  ...jobsRoutes,
  ...systemRoutes,
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
