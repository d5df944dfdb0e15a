import { z } from 'zod'
import type { AuditRecord, AuditTrail } from '../audit/index.ts'
import { lastTold } from '../db/repositories/alarms.ts'
import type { OperationalDatabase } from '../db/schema.ts'
import type { Alarms } from './alarms.ts'

export interface LeftFaultsDeps {
  readonly db: OperationalDatabase
  readonly trail: Pick<AuditTrail, 'records'>
  readonly alarms: Pick<Alarms, 'raise'>
  /** The node's own chain: the shell beside it leaves its entries there. */
  readonly chain: string
  readonly tenant: string
}

const KIND = 'verification-failed'
const LIMIT = 200
const Left = z.looseObject({
  chain: z.string(),
  depth: z.string(),
  fault: z.looseObject({ kind: z.string(), sequence: z.number(), what: z.string() }),
})

/**
 * Faults that a verification outside of this process found: the shell leaves what it found as an entry, and nobody but
 * its reader would know. Read from the chain, not from the table of runs, so that taking the row away hides nothing.
 */
export class LeftFaults {
  readonly #deps: LeftFaultsDeps
  #seen = -1

  constructor(deps: LeftFaultsDeps) {
    this.#deps = deps
  }

  /**
   * Raises an alarm for each chain found at fault since the last look, at the first look within the newest 200
   * verifications; none where one was raised or cleared later than the fault was found.
   */
  async look(): Promise<void> {
    const { trail, chain, tenant } = this.#deps
    const filter = { chain, tenant, actions: ['Verification'], objectTypes: ['audit-verification'] }
    const { items } = await trail.records({ ...filter, afterSequence: this.#seen }, { limit: LIMIT })
    for (const record of items.toReversed()) {
      await this.#tell(record)
      this.#seen = record.sequence
    }
  }

  async #tell({ objectId: run, after, time }: AuditRecord): Promise<void> {
    const { db, alarms, tenant } = this.#deps
    const left = Left.safeParse(after)
    if (!left.success) return
    const { chain: key, depth: mode, fault } = left.data
    if ((await lastTold(db, tenant, KIND, key)) >= time) return
    const detail = { run, mode, verdict: fault.kind, sequence: fault.sequence, what: fault.what.slice(0, 300) }
    await alarms.raise({ kind: KIND, key, severity: 'critical', detail })
  }
}
