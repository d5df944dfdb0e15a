import { z } from 'zod'
import { NamedObject, PageQuery, page, several, Text } from '../scalars.ts'
import {
  AuditChainName,
  AuditChainView,
  AuditEntryRow,
  AuditEntryView,
  AuditFilterView,
  FollowCursor,
  Followed,
  SavedAuditSearch,
} from '../views.ts'
import { AuditAction, ObjectType } from '../words.ts'
import { byId, done, route } from './route.ts'

/**
 * What entries are looked for; all that is given must hold, of several values any. Times are UTC in ms, `to` excluded.
 * `operator`, `office`, `station`: ids, or words of their names. `text`: words of names and payloads, all of them;
 * "a phrase" in quotes, `begin*` for a beginning.
 */
const search = {
  from: z.coerce.number().int().min(0).optional(),
  to: z.coerce.number().int().min(0).optional(),
  chain: several(AuditChainName).optional(),
  tenant: several(z.string().min(1).max(64)).optional(),
  objectType: several(ObjectType).optional(),
  objectId: Text(100).optional(),
  action: several(AuditAction).optional(),
  operator: several(Text(200)).optional(),
  office: several(Text(80)).optional(),
  station: several(Text(80)).optional(),
  correlationId: Text(80).optional(),
  text: Text(200).optional(),
}
export const AuditFilter = z.strictObject({ ...PageQuery, ...search })
export type AuditFilter = z.infer<typeof AuditFilter>
export const FollowFilter = z.strictObject({ ...search, after: FollowCursor.optional(), limit: PageQuery.limit })
export type FollowFilter = z.infer<typeof FollowFilter>

const FilterFields = z.strictObject({ name: Text(100), search: SavedAuditSearch })
const ofEntry = z.strictObject({
  chain: z
    .string()
    .max(100)
    .regex(/^[a-z0-9.-]+$/),
  sequence: z.coerce.number().int().min(0),
})

export const auditRoutes = {
  listAudit: route({
    method: 'GET',
    path: '/api/v1/audit/entries',
    summary: 'Audit entries, newest first',
    auth: 'audit.read',
    query: AuditFilter,
    answer: page(AuditEntryRow),
  }),

  /**
   * Asked again and again (every two seconds is fine): where nothing is new it costs one look at the heads of the
   * chains. Without `after` it gives no entry, only where to go on from. A held request would keep connections of the
   * server and the rate of a session for nothing; nor does it see another node's entries sooner.
   */
  followAudit: route({
    method: 'GET',
    path: '/api/v1/audit/new-entries',
    summary: 'Entries newer than a cursor, newest first',
    auth: 'audit.read',
    query: FollowFilter,
    answer: Followed,
  }),

  readAudit: route({
    method: 'GET',
    path: '/api/v1/audit/chains/:chain/entries/:sequence',
    summary: 'One audit entry with before and after',
    auth: 'audit.read',
    params: ofEntry,
    answer: AuditEntryView,
  }),

  readTrail: route({
    method: 'GET',
    path: '/api/v1/audit/trails/:objectType/:objectId',
    summary: 'The whole trail of an object, oldest first',
    auth: 'trail.read',
    params: z.strictObject(NamedObject),
    query: z.strictObject({ ...PageQuery }),
    answer: page(AuditEntryView),
  }),

  listChains: route({
    method: 'GET',
    path: '/api/v1/audit/chains',
    summary: 'Chains with head, size, cut and last verification',
    auth: 'audit.read',
    answer: z.strictObject({ items: z.array(AuditChainView) }),
  }),

  listAuditFilters: route({
    method: 'GET',
    path: '/api/v1/audit/filters',
    summary: 'My saved filters, by name',
    auth: 'audit.read',
    answer: z.strictObject({ items: z.array(AuditFilterView).max(200) }),
  }),

  createAuditFilter: route({
    method: 'POST',
    path: '/api/v1/audit/filters',
    summary: 'Save a filter; a name of my own can be used once (REQUEST_CONFLICT)',
    auth: 'audit.read',
    creates: true,
    body: FilterFields,
    answer: AuditFilterView,
  }),

  updateAuditFilter: route({
    method: 'PUT',
    path: '/api/v1/audit/filters/:id',
    summary: 'Rename a saved filter or change what it looks for',
    auth: 'audit.read',
    changes: true,
    params: byId,
    body: FilterFields,
    answer: AuditFilterView,
  }),

  deleteAuditFilter: route({
    method: 'DELETE',
    path: '/api/v1/audit/filters/:id',
    summary: 'Delete a saved filter',
    auth: 'audit.read',
    params: byId,
    answer: done,
  }),
} as const
