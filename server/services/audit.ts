import {
  AppError,
  type AuditFilter,
  type Followed,
  type FollowFilter,
  type HttpAnswer,
  type ObjectType,
} from '../../shared/contract/index.ts'
import { CHAIN_TENANT, type AuditTrail, type EntryFilter } from '../audit/index.ts'
import type { Directory } from '../db/repositories/directory.ts'
import { mayUse } from '../identity/permission.ts'
import type { AuditFollowing } from './audit-follow.ts'
import type { AuditScope } from './audit-scope.ts'
import { auditRecord, auditRow } from './audit-view.ts'
import type { Call } from './call.ts'

export interface AuditDeps {
  readonly directory: Directory
  readonly scope: AuditScope
  readonly trail: AuditTrail
  readonly following: AuditFollowing
}

/** Objects whose trail the registration offices may read. */
const REGISTERED: readonly string[] = ['holder', 'proofing', 'enrolment', 'card', 'certificate'] satisfies ObjectType[]

/** The audit as its readers may see it: their tenant, and of it what their grants reach. */
export class AuditReading {
  readonly #deps: AuditDeps

  constructor(deps: AuditDeps) {
    this.#deps = deps
  }

  async list(call: Call, filter: AuditFilter): Promise<HttpAnswer<'listAudit'>> {
    const { cursor, limit, ...search } = filter
    const wanted = this.#wanted(call, search)
    if (wanted === null) return { items: [], next: null }
    const { items, next } = await this.#deps.trail.list(wanted, { cursor, limit })
    return { items: items.map((row) => auditRow(this.#deps.directory, row)), next }
  }

  /** Throws REQUEST_INVALID (`cursor`). */
  follow(call: Call, filter: FollowFilter): Promise<Followed> {
    const { after, limit, ...search } = filter
    return this.#deps.following.after(this.#wanted(call, search), after, limit)
  }

  /** Throws AUDIT_NOT_FOUND, also for an entry out of reach. */
  async read(call: Call, chain: string, sequence: number): Promise<HttpAnswer<'readAudit'>> {
    const record = await this.#deps.trail.get(chain, sequence)
    if (!this.#deps.scope.covers(call, record)) throw new AppError('AUDIT_NOT_FOUND')
    return auditRecord(this.#deps.directory, record)
  }

  async objectTrail(
    call: Call,
    of: { readonly objectType: string; readonly objectId: string },
    request: { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<HttpAnswer<'readTrail'>> {
    const isRegistered = REGISTERED.includes(of.objectType)
    // A trail is what became of a thing; who signed in or was refused is the audit's, for those who may read it.
    if (!isRegistered && !mayUse(call.actor.ability, 'audit.read'))
      throw new AppError('ACCESS_DENIED', { right: 'audit.read' })
    // And where they may read it: the reach of another right must not widen this one.
    const reader: Call = isRegistered ? call : { ...call, right: 'audit.read' }
    // What the chain says of itself (keys, cuts, tombstones) belongs to no tenant.
    const scope = this.#deps.scope.filter(reader, isRegistered ? {} : { tenants: [call.actor.tenant, CHAIN_TENANT] })
    if (scope === null) return { items: [], next: null }
    const { items, next } = await this.#deps.trail.trail({ ...scope, ...of }, request)
    return { items: items.map((record) => auditRecord(this.#deps.directory, record)), next }
  }

  /** Null: nothing can be found, or nothing is in reach. */
  #wanted(call: Call, search: Omit<FollowFilter, 'after' | 'limit'>): EntryFilter | null {
    const { tenant, office, operator, station, action, objectType, chain, ...rest } = search
    const { directory, scope } = this.#deps
    const inReach = scope.filter(call, { tenants: tenant, offices: office })
    const operatorIds = operator?.flatMap((words) => directory.findOperators(words))
    const stations = station?.flatMap((words) => directory.findStations(words))
    if (inReach === null || operatorIds?.length === 0 || stations?.length === 0) return null
    return { ...rest, ...inReach, operatorIds, stations, actions: action, objectTypes: objectType, chains: chain }
  }
}
