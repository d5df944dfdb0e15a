import { listCheckpointedChains } from '../db/repositories/audit-checkpoints.ts'
import { listLastCosignatures, listWitnessesOf, readFirstCheckpointAbove } from '../db/repositories/audit-witnesses.ts'
import type { AuditDatabase, OperationalDatabase } from '../db/schema.ts'
import type { Alarms } from './alarms.ts'

export interface DeskWatchDeps {
  readonly db: OperationalDatabase
  readonly audit: AuditDatabase
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>
  readonly tenant: string
  /** Ms without a desk that cosigned what was there to cosign. */
  readonly staleMs: number
  readonly now?: () => number
}

const KIND = 'witness-stale'
const HOUR_MS = 3_600_000

/**
 * Desks as witnesses, all together: one that stays away is nobody's concern, but when none of them has looked for long
 * at a chain that grew, its past could be made anew unseen. One alarm for each chain; none for a chain no desk ever
 * cosigned, or that has not grown.
 */
export class DeskWatch {
  readonly #deps: DeskWatchDeps
  /** When each chain's alarm was raised last. */
  readonly #raisedAt = new Map<string, number>()

  constructor(deps: DeskWatchDeps) {
    this.#deps = deps
  }

  async look(): Promise<void> {
    const { audit } = this.#deps
    const desks = await this.#desks()
    for (const chain of await listCheckpointedChains(audit)) await this.#lookAt(chain, desks)
  }

  /** Names of the witnesses of stations in use. */
  async #desks(): Promise<readonly string[]> {
    const { db, audit, tenant } = this.#deps
    const rows = db.selectFrom('station').select('id').where('tenant', '=', tenant).where('status', '=', 'active')
    const active = new Set((await rows.execute()).map(({ id }) => id))
    const bound = await listWitnessesOf(audit, tenant)
    return bound.filter(({ station }) => active.has(station)).map(({ name }) => name)
  }

  async #lookAt(chain: string, desks: readonly string[]): Promise<void> {
    const { audit, alarms, staleMs, now = Date.now } = this.#deps
    const key = `${chain} desks`
    const last = await listLastCosignatures(audit, chain)
    const seen = desks.flatMap((name) => last.get(name) ?? [])
    const size = Math.max(0, ...seen.map((one) => one.size))
    // What none has seen is only waited for since it is there: a chain that did not grow has nothing to look at.
    const grewAt = seen.length === 0 ? null : await readFirstCheckpointAbove(audit, chain, size)
    if (grewAt === null) {
      this.#raisedAt.delete(chain)
      return alarms.clear(KIND, key)
    }
    const at = now()
    const ms = at - Math.max(grewAt, ...seen.map((one) => one.receivedAt))
    if (ms < staleMs || at - (this.#raisedAt.get(chain) ?? 0) < HOUR_MS) return
    this.#raisedAt.set(chain, at)
    const detail = { chain, witness: 'desks', reason: 'none-cosigned', desks: seen.length, size, hours: hoursOf(ms) }
    await alarms.raise({ kind: KIND, key, severity: 'warning', detail })
  }
}

const hoursOf = (ms: number): number => Math.floor(ms / HOUR_MS)
