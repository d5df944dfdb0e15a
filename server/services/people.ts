import type { HttpAnswer } from '../../shared/contract/index.ts'
import { listGrants, listOperators, listStations } from '../db/repositories/operators.ts'
import { resolveGrants } from '../identity/grants.ts'
import type { Call } from './call.ts'
import { tellConfigurationRead } from './configuration-read.ts'
import { scopeOf, type ServiceDeps } from './deps.ts'
import { etagOf, officeRef } from './views.ts'

interface Filter {
  cursor?: string | undefined
  limit: number
  text?: string | undefined
}

/** Operators and stations, as administrators see them. */
export class People {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  async operators(call: Call, filter: Filter): Promise<HttpAnswer<'listOperators'>> {
    const { db, directory, changes } = this.#deps
    await tellConfigurationRead(changes, call, 'operator')
    const { items, next } = await listOperators(db, scopeOf(call), filter)
    const grants = await listGrants(
      db,
      call.actor.tenant,
      items.map((row) => row.id),
      call.at,
    )
    return {
      items: items.map((row) => {
        const own = grants.filter((grant) => grant.operator_id === row.id)
        const { id, name, email, status } = row
        return { id, name, email, status, grants: resolveGrants(directory, own).views, etag: etagOf(row.version) }
      }),
      next,
    }
  }

  async stations(call: Call, filter: Filter): Promise<HttpAnswer<'listStations'>> {
    const { db, directory, changes } = this.#deps
    await tellConfigurationRead(changes, call, 'station')
    const { items, next } = await listStations(db, scopeOf(call), filter)
    return {
      items: items.map(({ id, name, office, status, last_seen_at: lastSeenAt }) => ({
        id,
        name,
        office: officeRef(directory, office),
        status,
        lastSeenAt,
      })),
      next,
    }
  }
}
