import { z } from 'zod'
import { ERROR_CODES, type ErrorCode } from './errors.ts'
import { CalendarDate, ETag, HexBytes, Id, OperatorRef, Text, TimeMs } from './scalars.ts'
import { AuditAction, ObjectType } from './words.ts'

/** What the audit shows of itself: entries, chains, verifications, saved filters, administrators' access. */
const ErrorCodeSchema = z.enum(ERROR_CODES as unknown as [ErrorCode, ...ErrorCode[]])

const Json: z.ZodType = z.json()
/** Name of a chain: of its node (shared/audit/FORMAT.md). */
export const AuditChainName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)

export const AuditEntryRow = z.strictObject({
  chain: z.string().max(100),
  sequence: z.number().int().min(0),
  time: TimeMs,
  tenant: z.string().max(64),
  operatorId: z.string().max(80).nullable(),
  operatorName: z.string().max(200).nullable(),
  role: z.string().max(20).nullable(),
  office: z.string().max(80).nullable(),
  /** As it is called now; null where it is no more. The same for the station. */
  officeName: z.string().max(200).nullable(),
  station: z.string().max(80).nullable(),
  stationName: z.string().max(200).nullable(),
  action: AuditAction,
  objectType: z.string().max(40),
  objectId: z.string().max(100),
  /** What a person may call the object ("Anna Rossi"), taken from the payload; null when erased or unnamed. */
  objectName: z.string().max(300).nullable(),
  correlationId: z.string().max(80),
})
export type AuditEntryRow = z.infer<typeof AuditEntryRow>

export const AuditEntryView = AuditEntryRow.extend({
  before: Json,
  after: Json,
  changed: z.array(z.string().max(200)),
  reason: z.string().max(1000).nullable(),
  /** Lower-case hex of SHA-256 over the stored entry bytes, and the signature as stored. */
  digest: HexBytes(32),
  signature: z.string().max(700),
  keyId: z.string().max(100),
  /** Before, after and reason were erased: when, by whom (an operator's id or a job's name), under which rule. */
  erased: z
    .strictObject({ at: TimeMs, by: z.string().max(200), byName: z.string().max(200).nullable(), rule: z.string() })
    .nullable(),
})
export type AuditEntryView = z.infer<typeof AuditEntryView>

export const VerificationFault = z.strictObject({
  kind: z.enum([
    'altered',
    'inserted',
    'deleted',
    'reordered',
    'truncated',
    'forked',
    'wrong-key',
    'unknown-key',
    'payload-mismatch',
    'stale-head',
    'unsealed',
  ]),
  chain: z.string().max(100),
  sequence: z.number().int(),
  /** Which part or column of the entry, or of what belongs to it: `bytes`, `signature`, `operator_id`, `checkpoint`. */
  what: z.string().max(200),
})
export type VerificationFault = z.infer<typeof VerificationFault>

/**
 * `quick` and `full` walk a whole chain; `inclusion` proves only the entries in the caller's reach, each by its place in
 * the tree of a signed checkpoint, for those who may not see the rest.
 */
export const VerificationDepth = z.enum(['quick', 'full', 'inclusion'])
export type VerificationDepth = z.infer<typeof VerificationDepth>

export const VerificationView = z.strictObject({
  id: Id,
  depth: VerificationDepth,
  chain: z.string().max(100),
  /** Chains that are verified after this one, by the same order; a cancelled run cancels them too. */
  waiting: z.array(z.string().max(100)).max(1000),
  state: z.enum(['running', 'passed', 'failed', 'cancelled', 'error']),
  startedAt: TimeMs,
  endedAt: TimeMs.nullable(),
  /** Null: by schedule (`scheduled`) or from the shell. */
  startedBy: OperatorRef.nullable(),
  scheduled: z.boolean(),
  /** Entries walked, of how many. */
  checked: z.number().int(),
  total: z.number().int(),
  /** Both null until it passed. */
  signaturesChecked: z.number().int().nullable(),
  payloadsErased: z.number().int().nullable(),
  faults: z.array(VerificationFault).max(100),
  /** Why it came to no verdict (`error`). */
  error: ErrorCodeSchema.nullable(),
  /** It went on after a restart: entries below `sequence` were checked before that, from `at` on, and not again. */
  resumed: z.strictObject({ sequence: z.number().int(), at: TimeMs }).nullable(),
  head: z.strictObject({ chain: z.string(), sequence: z.number().int(), digest: HexBytes(32) }).nullable(),
})
export type VerificationView = z.infer<typeof VerificationView>

/** One chain of this audit database; several nodes may write into one database. */
export const AuditChainView = z.strictObject({
  chain: AuditChainName,
  /** Written by the node that answers. */
  own: z.boolean(),
  /** Entries ever written; the head's sequence and one. */
  size: z.number().int().min(0),
  head: z.strictObject({ sequence: z.number().int(), time: TimeMs, digest: HexBytes(32) }).nullable(),
  createdAt: TimeMs,
  /** Sequence and time of the oldest entry still stored. */
  first: z.strictObject({ sequence: z.number().int(), time: TimeMs }).nullable(),
  /** Behind which entry cleaning deleted: `size` entries are gone, and since when; null: the chain is whole. */
  cut: z.strictObject({ size: z.number().int(), at: TimeMs }).nullable(),
  /** Of the own chain only: how entries are signed, whether they can be written, how many changes wait. */
  keyMode: z.enum(['hsm', 'epoch']).nullable(),
  state: z.enum(['running', 'stopped']).nullable(),
  waiting: z.number().int().nullable(),
  /** Key of the key store in force. */
  keyId: z.string().max(100).nullable(),
  checkpoint: z.strictObject({ size: z.number().int(), at: TimeMs }).nullable(),
  lastVerification: VerificationView.nullable(),
})
export type AuditChainView = z.infer<typeof AuditChainView>

/** What a saved filter looks for: as the query of the list, lists as arrays, a span reaching back as its preset. */
export const SavedAuditSearch = z.strictObject({
  last: z.enum(['15m', '1h', '24h', '7d', '30d', '1y']).optional(),
  from: TimeMs.optional(),
  to: TimeMs.optional(),
  chain: z.array(AuditChainName).max(50).optional(),
  tenant: z.array(z.string().min(1).max(64)).max(50).optional(),
  objectType: z.array(ObjectType).max(50).optional(),
  objectId: Text(100).optional(),
  action: z.array(AuditAction).max(20).optional(),
  operator: z.array(Text(200)).max(50).optional(),
  office: z.array(Text(80)).max(50).optional(),
  station: z.array(Text(80)).max(50).optional(),
  correlationId: Text(80).optional(),
  text: Text(200).optional(),
})
export type SavedAuditSearch = z.infer<typeof SavedAuditSearch>

/** A filter an operator keeps for themselves. */
export const AuditFilterView = z.strictObject({
  id: Id,
  etag: ETag,
  name: Text(100),
  search: SavedAuditSearch,
  createdAt: TimeMs,
  updatedAt: TimeMs,
})
export type AuditFilterView = z.infer<typeof AuditFilterView>

// ---- administrators' access

export const AccessEvent = z.enum(['sign-in', 'sign-out', 'failed'])
export type AccessEvent = z.infer<typeof AccessEvent>
/** Where from: a desk, the console, the server's own shell, or a database with an account of ours. */
export const AccessMeans = z.enum(['desk', 'console', 'shell', 'database'])
export type AccessMeans = z.infer<typeof AccessMeans>

/** One sign-in, sign-out or failed sign-in of an administrator; an entry of the audit, told shortly. */
export const AccessRow = z.strictObject({
  chain: z.string().max(100),
  sequence: z.number().int().min(0),
  time: TimeMs,
  event: AccessEvent,
  means: AccessMeans,
  /** Null for shell and database, and for a failed sign-in with an unknown card. */
  operatorId: z.string().max(80).nullable(),
  /** An operator's name, or the account of the machine or database that was used. */
  name: z.string().max(200).nullable(),
  role: z.string().max(20).nullable(),
  station: z.string().max(80).nullable(),
  stationName: z.string().max(200).nullable(),
  address: z.string().max(100).nullable(),
  /** How a sign-in failed, why a session ended, what the shell was asked to do. */
  detail: z.string().max(200).nullable(),
  outOfHours: z.boolean(),
  correlationId: z.string().max(80),
})
export type AccessRow = z.infer<typeof AccessRow>

/** Working hours by which an access counts as out of hours; configured, whole hours of a zone. */
export const WorkingHours = z.strictObject({
  from: z.number().int().min(0).max(23),
  to: z.number().int().min(1).max(24),
  /** ISO weekdays, 1 is Monday. */
  days: z.array(z.number().int().min(1).max(7)).max(7),
  zone: z.string().max(60),
})
export type WorkingHours = z.infer<typeof WorkingHours>

export const AccessMonth = z.strictObject({
  month: z.string().regex(/^\d{4}-\d{2}$/),
  operatorId: z.string().max(80).nullable(),
  name: z.string().max(200).nullable(),
  means: AccessMeans,
  signIns: z.number().int(),
  signOuts: z.number().int(),
  failures: z.number().int(),
  outOfHours: z.number().int(),
})
export const AccessReviewMark = z.strictObject({ id: Id, at: TimeMs, by: OperatorRef, note: Text(1000) })
export const AccessTotals = z.strictObject({
  signIns: z.number().int(),
  signOuts: z.number().int(),
  failures: z.number().int(),
  outOfHours: z.number().int(),
})

/** A year's review: what administrators did to get in, month by month. */
export const AccessReviewView = z.strictObject({
  year: z.number().int(),
  from: TimeMs,
  to: TimeMs,
  /** The year is over; only then may it be marked as reviewed. */
  isOver: z.boolean(),
  /** Entries of the year may be gone: the chain was cut behind this day. */
  missingBefore: CalendarDate.nullable(),
  hours: WorkingHours,
  totals: AccessTotals,
  months: z.array(AccessMonth).max(5000),
  reviewed: AccessReviewMark.nullable(),
})
export type AccessReviewView = z.infer<typeof AccessReviewView>

export const AccessYear = z.strictObject({
  year: z.number().int(),
  isOver: z.boolean(),
  reviewed: AccessReviewMark.nullable(),
})
/** Bytes to be saved by the reader, as text. */
export const Download = z.strictObject({
  name: z.string().max(100),
  mediaType: z.enum(['text/csv', 'application/json']),
  content: z.string(),
})
/** Where following goes on: newest entry seen of each chain. */
export const FollowCursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]*$/)
  .max(6000)
export const Followed = z.strictObject({
  /** Newest first. */
  items: z.array(AuditEntryRow),
  /** For the next call, also where nothing was found. */
  cursor: FollowCursor,
  /** More came than fit: read the list again from the top. */
  more: z.boolean(),
})
export type Followed = z.infer<typeof Followed>
