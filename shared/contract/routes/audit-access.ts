import { z } from 'zod'
import { PageQuery, page, several, Text } from '../scalars.ts'
import { AccessEvent, AccessMeans, AccessReviewView, AccessRow, AccessYear, Download } from '../views.ts'
import { route } from './route.ts'

/** All that is given must hold, of several values any. Times are UTC in ms, `to` excluded. */
export const AccessFilter = z.strictObject({
  ...PageQuery,
  from: z.coerce.number().int().min(0).optional(),
  to: z.coerce.number().int().min(0).optional(),
  event: several(AccessEvent).optional(),
  means: several(AccessMeans).optional(),
  /** Ids, or words of their names. */
  operator: several(Text(200)).optional(),
  text: Text(200).optional(),
})
export type AccessFilter = z.infer<typeof AccessFilter>
const ofYear = z.strictObject({ year: z.coerce.number().int().min(2000).max(9999) })

export const auditAccessRoutes = {
  listAccess: route({
    method: 'GET',
    path: '/api/v1/access/entries',
    summary: 'Sign-ins, sign-outs and failed sign-ins of administrators, newest first',
    auth: 'access.read',
    query: AccessFilter,
    answer: page(AccessRow),
  }),

  listAccessYears: route({
    method: 'GET',
    path: '/api/v1/access/years',
    summary: 'Years with access of administrators, newest first, and who reviewed them',
    auth: 'access.read',
    answer: z.strictObject({ items: z.array(AccessYear).max(1000) }),
  }),

  readAccessReview: route({
    method: 'GET',
    path: '/api/v1/access/years/:year',
    summary: "A year's review: counts by month and administrator",
    auth: 'access.read',
    params: ofYear,
    answer: AccessReviewView,
  }),

  exportAccessReview: route({
    method: 'POST',
    path: '/api/v1/access/years/:year/exports',
    summary: "A year's review to be kept; an entry of the audit says who took it",
    auth: 'access.read',
    params: ofYear,
    body: z.strictObject({ format: z.enum(['json', 'csv']) }),
    answer: Download,
  }),

  markAccessReviewed: route({
    method: 'POST',
    path: '/api/v1/access/years/:year/review',
    summary: 'Mark a year that is over as reviewed; once (REQUEST_CONFLICT)',
    auth: 'access.review',
    creates: true,
    params: ofYear,
    body: z.strictObject({ note: Text(1000) }),
    answer: AccessReviewView,
  }),
} as const
