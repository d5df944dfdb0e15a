import type { Access } from '../services/access.ts'
import type { AuditChains } from '../services/audit-chains.ts'
import type { AuditVerification } from '../services/audit-verification.ts'
import type { AuditReading } from '../services/audit.ts'
import type { SavedFilters } from '../services/saved-filters.ts'
import type { Handlers } from './handler.ts'

/** What the routes of the audit call. */
export interface AuditServices {
  readonly audit: AuditReading
  readonly chains: AuditChains
  readonly verification: AuditVerification
  readonly savedFilters: SavedFilters
  readonly access: Access
}

/** Looking at the audit, verifying it, and administrators' access: one line a route. */
export const auditHandlers = (s: AuditServices) =>
  ({
    listAudit: ({ call, request }) => s.audit.list(call, request.query),
    followAudit: ({ call, request }) => s.audit.follow(call, request.query),
    readAudit: ({ call, request }) => s.audit.read(call, request.params.chain, request.params.sequence),
    readTrail: ({ call, request }) => s.audit.objectTrail(call, request.params, request.query),
    listChains: ({ call }) => s.chains.list(call),

    listAuditFilters: ({ call }) => s.savedFilters.list(call),
    createAuditFilter: ({ call, request }) => s.savedFilters.create(call, request.body),
    updateAuditFilter: ({ call, request }) => s.savedFilters.update(call, request.params.id, request.body),
    deleteAuditFilter: async ({ call, request }) => {
      await s.savedFilters.delete(call, request.params.id)
      return { done: true } as const
    },

    startVerification: ({ call, request }) => s.verification.start(call, request.body),
    readVerification: ({ call, request }) => s.verification.read(call, request.params.id),
    listVerifications: ({ call, request }) => s.verification.list(call, request.query),
    cancelVerification: ({ call, request }) => s.verification.cancel(call, request.params.id),

    listAccess: ({ call, request }) => s.access.list(call, request.query),
    listAccessYears: ({ call }) => s.access.years(call),
    readAccessReview: ({ call, request }) => s.access.review(call, request.params.year),
    exportAccessReview: ({ call, request: { params, body } }) => s.access.export(call, params.year, body.format),
    markAccessReviewed: ({ call, request: { params, body } }) => s.access.markReviewed(call, params.year, body.note),
  }) satisfies Partial<Handlers>
