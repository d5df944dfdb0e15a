import { z } from 'zod'
import { ETag, Id, NamedObject, PageQuery, page, Text, TimeMs } from '../scalars.ts'
import { OperatorRef } from '../views.ts'
import { byId, route } from './route.ts'

/** Evidence that the law or policy asks to keep; each entry of the audit belongs to one. */
export const RetentionClass = z.enum(['administrator-access', 'events', 'registration-evidence', 'italian-qualified'])
export type RetentionClass = z.infer<typeof RetentionClass>

/** Months each class is kept at least; a setting may only be longer. */
export const RETENTION_DEFAULTS: Readonly<Record<RetentionClass, number>> = {
  'administrator-access': 6,
  events: 24,
  'registration-evidence': 84,
  'italian-qualified': 240,
}
/** A shorter window is taken as this. */
export const WINDOW_MONTHS_MIN = 12
const MONTHS_MAX = 1200

const Months = z.number().int().min(1).max(MONTHS_MAX)
const ClassMonths = z.strictObject({
  'administrator-access': Months,
  events: Months,
  'registration-evidence': Months,
  'italian-qualified': Months,
})

/** What the answer must say to the person who set it. */
export const RetentionNote = z.enum(['window-raised', 'window-unset', 'held-by-class', 'maintenance-missing'])
export type RetentionNote = z.infer<typeof RetentionNote>

const ChainExtent = z.strictObject({
  chain: z.string().max(100),
  /** First entry that is still there; 0 while nothing was cleaned. */
  first: z.number().int().min(0),
  /** Last entry; -1 for none. */
  head: z.number().int().min(-1),
  oldestAt: TimeMs.nullable(),
})

export const RetentionView = z.strictObject({
  /** Null: the whole chain is kept and cleaning has no effect. */
  windowMonths: z.number().int().min(WINDOW_MONTHS_MIN).max(MONTHS_MAX).nullable(),
  classes: z
    .array(z.strictObject({ class: RetentionClass, months: Months, defaultMonths: Months }))
    .length(RetentionClass.options.length),
  chains: z.array(ChainExtent).max(100),
  notes: z.array(RetentionNote).max(RetentionNote.options.length),
  etag: ETag,
})
export type RetentionView = z.infer<typeof RetentionView>

/** `ready`: something would be deleted. Everything else says why nothing is. */
export const CleaningVerdict = z.enum(['ready', 'window-unset', 'nothing-old-enough', 'held-by-class', 'refused'])
export type CleaningVerdict = z.infer<typeof CleaningVerdict>

/** What a cleaning would do now. */
export const CleaningPlan = z.strictObject({
  chain: z.string().max(100),
  verdict: CleaningVerdict,
  /** For `refused`: a code of the closed list. */
  error: z.string().max(60).nullable(),
  /** The first entry that would stay, a multiple of 256; what lies before would be deleted. */
  cut: z.number().int().min(0),
  entries: z.number().int().min(0),
  bytes: z.number().int().min(0),
  /** Everything before this time is old enough for the window. */
  windowFrom: TimeMs.nullable(),
  /** Time of the last entry that would be deleted. */
  until: TimeMs.nullable(),
  /** The entry that ends it, why it stays, and until when; null where the window itself ends it. */
  heldBy: z
    .strictObject({ class: RetentionClass, sequence: z.number().int().min(0), until: TimeMs.nullable() })
    .nullable(),
})
export type CleaningPlan = z.infer<typeof CleaningPlan>

export const CleaningView = z.strictObject({
  id: Id,
  chain: z.string().max(100),
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  cut: z.number().int().min(0),
  entries: z.number().int().min(0),
  bytes: z.number().int().min(0),
  until: TimeMs.nullable(),
  /** Null: the schedule. */
  requestedBy: OperatorRef.nullable(),
  requestedAt: TimeMs,
  endedAt: TimeMs.nullable(),
  error: z.string().max(60).nullable(),
})
export type CleaningView = z.infer<typeof CleaningView>

/** Why payloads may be erased. `retention-end` is the job's own. */
export const ErasureRule = z.enum(['data-subject-request', 'object-deleted', 'retention-end'])
export type ErasureRule = z.infer<typeof ErasureRule>
export const RequestedErasureRule = ErasureRule.exclude(['retention-end'])

export const ErasurePlan = z.strictObject({
  ...NamedObject,
  /** Payloads that would be erased, their bytes, and those erased before. */
  entries: z.number().int().min(0),
  bytes: z.number().int().min(0),
  erasedBefore: z.number().int().min(0),
  /** Null: nothing stands in the way. */
  heldBy: z
    .strictObject({ class: RetentionClass, entries: z.number().int().min(1), until: TimeMs.nullable() })
    .nullable(),
})
export type ErasurePlan = z.infer<typeof ErasurePlan>

export const ErasureState = z.enum(['requested', 'refused', 'approved', 'done', 'failed'])
export type ErasureState = z.infer<typeof ErasureState>
export const ErasureView = z.strictObject({
  id: Id,
  ...NamedObject,
  rule: ErasureRule,
  reason: z.string().max(500),
  state: ErasureState,
  requestedBy: OperatorRef.nullable(),
  requestedAt: TimeMs,
  decidedBy: OperatorRef.nullable(),
  decidedAt: TimeMs.nullable(),
  refusal: z.string().max(500).nullable(),
  /** Counted when asked for; what was really erased once it is done. */
  entries: z.number().int().min(0),
  bytes: z.number().int().min(0),
  endedAt: TimeMs.nullable(),
  error: z.string().max(60).nullable(),
  etag: ETag,
})
export type ErasureView = z.infer<typeof ErasureView>

export const auditRetentionRoutes = {
  readRetention: route({
    method: 'GET',
    path: '/api/v1/audit/retention',
    summary: 'The window, how long each class of evidence is kept, and where each chain begins',
    auth: 'retention.read',
    answer: RetentionView,
  }),

  /** A window below 12 becomes 12 (`notes` says so); a class below its default is refused. */
  setRetention: route({
    method: 'PUT',
    path: '/api/v1/audit/retention',
    summary: 'Set the window and how long evidence is kept',
    auth: 'retention.manage',
    changes: true,
    body: z.strictObject({ windowMonths: Months.nullable(), classes: ClassMonths, reason: Text(500) }),
    answer: RetentionView,
  }),

  planCleaning: route({
    method: 'GET',
    path: '/api/v1/audit/cleaning-plan',
    summary: 'What cleaning would delete now, and what holds the rest',
    auth: 'retention.read',
    answer: z.strictObject({ items: z.array(CleaningPlan).max(100) }),
  }),

  /** `cut` is what the plan said: deleted is that or nothing (AUDIT_CLEANING_CHANGED). */
  startCleaning: route({
    method: 'POST',
    path: '/api/v1/audit/cleanings',
    summary: 'Delete what the plan counted, behind a signed cut',
    auth: 'retention.manage',
    creates: true,
    body: z.strictObject({
      chain: z
        .string()
        .max(100)
        .regex(/^[a-z0-9.-]+$/),
      cut: z.number().int().min(256),
      reason: Text(500),
    }),
    answer: CleaningView,
  }),

  listCleanings: route({
    method: 'GET',
    path: '/api/v1/audit/cleanings',
    summary: 'What was cleaned, newest first',
    auth: 'retention.read',
    query: z.strictObject({ ...PageQuery }),
    answer: page(CleaningView),
  }),

  planErasure: route({
    method: 'GET',
    path: '/api/v1/audit/erasure-plan',
    summary: "What erasing an object's history would erase, and what holds it",
    auth: 'retention.read',
    query: z.strictObject(NamedObject),
    answer: ErasurePlan,
  }),

  requestErasure: route({
    method: 'POST',
    path: '/api/v1/audit/erasures',
    summary: "Ask that an object's history be erased; a second person decides",
    auth: 'retention.manage',
    creates: true,
    body: z.strictObject({ ...NamedObject, rule: RequestedErasureRule, reason: Text(500) }),
    answer: ErasureView,
  }),

  listErasures: route({
    method: 'GET',
    path: '/api/v1/audit/erasures',
    summary: 'Erasures asked for, decided and done, newest first',
    auth: 'retention.read',
    query: z.strictObject({ ...PageQuery, state: ErasureState.optional() }),
    answer: page(ErasureView),
  }),

  readErasure: route({
    method: 'GET',
    path: '/api/v1/audit/erasures/:id',
    summary: 'One erasure',
    auth: 'retention.read',
    params: byId,
    answer: ErasureView,
  }),

  approveErasure: route({
    method: 'PUT',
    path: '/api/v1/audit/erasures/:id/approval',
    summary: 'Approve an erasure another person asked for: it is done then',
    auth: 'erasure.approve',
    changes: true,
    params: byId,
    answer: ErasureView,
  }),

  refuseErasure: route({
    method: 'PUT',
    path: '/api/v1/audit/erasures/:id/refusal',
    summary: 'Refuse an erasure another person asked for',
    auth: 'erasure.approve',
    changes: true,
    params: byId,
    body: z.strictObject({ reason: Text(500) }),
    answer: ErasureView,
  }),
} as const
