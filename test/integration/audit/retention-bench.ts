import { Cleaner } from '../../../server/audit/cleaning.ts'
import type { CleaningDeps } from '../../../server/audit/cleaning.ts'
import { planCleaning } from '../../../server/audit/cleaning-plan.ts'
import { Eraser } from '../../../server/audit/erasure.ts'
import type { ErasureDeps } from '../../../server/audit/erasure.ts'
import type { AuditIntent } from '../../../server/audit/intent.ts'
import { DEFAULT_RETENTION } from '../../../server/audit/retention-classes.ts'
import type { RetentionSettings } from '../../../server/audit/retention-classes.ts'
import type { SequencerOptions } from '../../../server/audit/sequencer.ts'
import { OwnChanges } from '../../../server/jobs/own-changes.ts'
import { makeLog } from '../../../server/log/log.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import { CHAIN, newIntent, openBench } from '../../unit/server/audit/chain-bench.ts'
import type { Bench } from '../../unit/server/audit/chain-bench.ts'
import { addTenant, TENANT } from '../../unit/server/jobs/jobs-bench.ts'

export const MONTH_MS = 31 * 86_400_000
/** Years after the chain was made, whose first entry is of this very moment. */
export const NOW = Date.now() + 60 * MONTH_MS

/** A chain with entries of any age, and what cleans and erases it; `settings` may be changed at any time. */
export interface RetentionBench extends Bench {
  readonly own: OwnChanges
  settings: RetentionSettings
  now: number
  cleaner(more?: Partial<CleaningDeps>): Cleaner
  eraser(more?: Partial<ErasureDeps>): Eraser
  plan(): ReturnType<typeof planCleaning>
  /** So many entries of the same age, in batches. */
  fill(count: number, at: number, more?: (n: number) => Partial<AuditIntent>): Promise<void>
  sequences(): Promise<readonly number[]>
}

export const openRetention = async (options: Partial<SequencerOptions> = {}): Promise<RetentionBench> => {
  const bench = await openBench({ now: () => made.now, epochEntries: 200, ...options })
  const { audit, operational } = bench.databases
  await addTenant(operational.db)
  const log = makeLog('silent')
  const own = new OwnChanges({
    db: operational.db,
    sequencer: bench.sequencer,
    tenant: TENANT,
    log,
    now: () => made.now,
  })
  const trusted = () => [keyIdOf(bench.signer.publicKeySpki())]
  const made: RetentionBench = {
    ...bench,
    own,
    settings: { ...DEFAULT_RETENTION, windowMonths: 12 },
    now: NOW,
    cleaner: (more = {}) =>
      new Cleaner({
        audit,
        maintenance: audit,
        chain: CHAIN,
        signer: () => bench.signer,
        trustedKeyIds: trusted,
        own,
        step: 256,
        ...more,
      }),
    eraser: (more = {}) =>
      new Eraser({
        audit,
        maintenance: audit,
        operational,
        chain: CHAIN,
        own,
        settings: () => Promise.resolve(made.settings),
        ...more,
      }),
    plan: () =>
      planCleaning({ audit, operational: operational.db, chain: CHAIN, settings: made.settings, now: made.now }),
    fill: async (count, at, more = () => ({})) => {
      // What the chain says of itself is of the same age.
      const { now } = made
      made.now = at
      for (let from = 0; from < count; from += 200) {
        const some = Math.min(200, count - from)
        await bench.write(
          Array.from({ length: some }, (_, n) =>
            newIntent({ at, object: { type: 'route', id: `thing-${from + n}` }, ...more(from + n) }),
          ),
        )
      }
      made.now = now
    },
    sequences: async () => {
      const rows = await audit.db.selectFrom('entry').select('sequence').orderBy('sequence').execute()
      return rows.map((row) => row.sequence)
    },
  }
  return made
}
