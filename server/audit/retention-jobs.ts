import { z } from 'zod'
import { AppError } from '../../shared/contract/errors.ts'
import type { CleaningPlan } from '../../shared/contract/routes/audit-retention.ts'
import type { Opened } from '../db/open.ts'
import { readCut } from '../db/repositories/audit-cuts.ts'
import {
  changeCleaning,
  changeErasure,
  ensureCleaning,
  readCleaning,
  readErasure,
} from '../db/repositories/retention-orders.ts'
import type { CleaningRow, ErasureRow } from '../db/repositories/retention-orders.ts'
import type { AuditDb, OperationalDb } from '../db/schema.ts'
import { doubling } from '../jobs/job.ts'
import type { JobHandler, RunningJob } from '../jobs/job.ts'
import type { OwnChanges } from '../jobs/own-changes.ts'
import { planCleaning } from './cleaning-plan.ts'
import type { Cleaner } from './cleaning.ts'
import type { Eraser } from './erasure.ts'
import { readRetention } from './retention-settings.ts'

export interface RetentionJobsDeps {
  readonly audit: Opened<AuditDb>
  readonly operational: Opened<OperationalDb>
  readonly own: OwnChanges
  readonly cleaner: Cleaner
  readonly eraser: Eraser
  readonly chain: string
  /** Entries that checkpoints cover; no cut goes beyond. Left out: all. */
  readonly sealed?: () => number
}

const CleaningBody = z.looseObject({ chain: z.string(), cleaning: z.string().optional() })
const ErasureBody = z.strictObject({ chain: z.string(), erasure: z.string() })
const EndedBody = z.looseObject({ chain: z.string() })
const MINUTE_MS = 60_000

/** Cleaning and erasing as jobs of the node that holds the chain. */
export class RetentionJobs {
  readonly #deps: RetentionJobsDeps

  constructor(deps: RetentionJobsDeps) {
    this.#deps = deps
  }

  /** What cleaning a chain would delete now. */
  async plan(chain: string, now: number): Promise<CleaningPlan> {
    const { audit, operational, own, cleaner, sealed } = this.#deps
    const { settings } = await readRetention(operational.db, own.tenant)
    const bound = chain === this.#deps.chain && sealed ? { sealed: sealed() } : {}
    const plan = await planCleaning({ audit, operational: operational.db, chain, settings, now, ...bound })
    if (plan.verdict !== 'ready') return plan
    try {
      cleaner.assertAllowed()
      return plan
    } catch (error) {
      return { ...plan, verdict: 'refused', error: error instanceof AppError ? error.code : 'INTERNAL' }
    }
  }

  cleaning(): JobHandler {
    return {
      maxAttempts: 8,
      isExclusive: true,
      backoffMs: doubling(MINUTE_MS, 60 * MINUTE_MS),
      run: (job) => this.#clean(job),
      onDead: async (job, error) => {
        const id = this.#cleaningId(job)
        const { own, operational } = this.#deps
        const row = await readCleaning(operational.db, own.tenant, id)
        if (row) await this.#endCleaning(row, 'failed', error)
      },
    }
  }

  erasure(): JobHandler {
    return {
      maxAttempts: 8,
      isExclusive: true,
      backoffMs: doubling(MINUTE_MS / 6, 60 * MINUTE_MS),
      run: (job) => this.#eraseObject(job),
      onDead: async (job, error) => {
        const { erasure } = ErasureBody.parse(job.body)
        await this.#changeErasure(erasure, (row) => ({ state: 'failed', error, ended_at: row.updated_at }))
      },
    }
  }

  personalData(): JobHandler {
    return {
      maxAttempts: 8,
      isExclusive: true,
      backoffMs: doubling(MINUTE_MS, 60 * MINUTE_MS),
      run: async (job) => {
        const { audit, chain, eraser } = this.#deps
        this.#assertOurs(EndedBody.parse(job.body).chain)
        const from = (await readCut(audit.db, chain))?.size ?? 0
        // By hand it is who asked for it, on schedule nobody.
        const by = job.requestedBy ?? 'server'
        const order = { id: job.id, by, rule: 'retention-end', signal: job.signal }
        await eraser.eraseEnded(order, from)
      },
    }
  }

  #assertOurs(chain: string): void {
    if (chain !== this.#deps.chain) throw new AppError('INTERNAL', { reason: 'chain-of-another-node' })
  }

  /** Asked for by a person: the cleaning they made. By the schedule: one named after its job. */
  #cleaningId(job: Pick<RunningJob, 'id' | 'body'>): string {
    return CleaningBody.parse(job.body).cleaning ?? job.id.replace(/^job_/, 'cleaning_')
  }

  async #clean(job: RunningJob): Promise<void> {
    const { audit, own, operational, cleaner, chain } = this.#deps
    this.#assertOurs(CleaningBody.parse(job.body).chain)
    const id = this.#cleaningId(job)
    const plan = await this.plan(chain, own.now())
    const known = await readCleaning(operational.db, own.tenant, id)
    const row = known ?? (plan.verdict === 'ready' ? await this.#begin(id, plan) : null)
    // The schedule found nothing to delete, or may not: the plan says why to whoever looks.
    if (!row) return
    const done = (await readCut(audit.db, chain))?.size ?? 0
    // What was counted may have come under a hold since: a window widened, a certificate issued.
    if (done < row.cut && (plan.verdict !== 'ready' || plan.cut < row.cut)) {
      throw plan.error === 'AUDIT_MAINTENANCE_MISSING'
        ? new AppError('AUDIT_MAINTENANCE_MISSING')
        : new AppError('AUDIT_CLEANING_CHANGED', { cut: plan.cut })
    }
    await own.run(id, (trx) => changeCleaning(trx, id, { state: 'running', updated_at: own.now() }))
    await cleaner.run({ cut: row.cut, by: row.requested_by, rule: 'window', signal: job.signal })
    await this.#endCleaning(row, 'done', null)
  }

  async #begin(id: string, plan: CleaningPlan): Promise<CleaningRow> {
    const { own } = this.#deps
    return own.run(id, async (trx, tell) => {
      const at = own.now()
      const { chain, cut, entries, bytes, until } = plan
      const row = { id, tenant: own.tenant, chain, cut, entries, bytes, until, state: 'running' as const }
      const rest = { requested_by: null, ended_at: null, error: null, created_at: at, updated_at: at }
      await ensureCleaning(trx, { ...row, ...rest })
      await tell({
        action: 'Insertion',
        object: { type: 'audit-cut', id },
        after: cleaningSnapshot({ ...row, ...rest }),
      })
      return { ...row, ...rest, version: 1 }
    })
  }

  async #endCleaning(row: CleaningRow, state: 'done' | 'failed', error: string | null): Promise<void> {
    const { own } = this.#deps
    await own.run(row.id, async (trx, tell) => {
      const at = own.now()
      await changeCleaning(trx, row.id, { state, error, ended_at: at, updated_at: at })
      const object = { type: 'audit-cut', id: row.id } as const
      const before = cleaningSnapshot({ ...row, state: 'running' })
      await tell({ action: 'Modification', object, before, after: { ...before, state, error } })
    })
  }

  async #eraseObject(job: RunningJob): Promise<void> {
    const { own, operational, eraser, chain } = this.#deps
    const body = ErasureBody.parse(job.body)
    this.#assertOurs(body.chain)
    const row = await readErasure(operational.db, own.tenant, body.erasure)
    // A job that ends well says that it was erased: of another tenant's node, or never approved, it must not.
    if (!row) throw new AppError('AUDIT_ERASURE_NOT_FOUND', { id: body.erasure })
    if (row.state === 'requested' || row.state === 'refused')
      throw new AppError('AUDIT_ERASURE_STATE', { state: row.state })
    if (!chainsOf(row).includes(chain)) return
    // One that was given up and is tried again, by whoever retried its job.
    if (row.state === 'failed')
      await this.#changeErasure(row.id, () => ({ state: 'approved', error: null, ended_at: null }))
    const object = { type: row.object_type, id: row.object_id }
    const by = row.requested_by ?? 'server'
    const decided = row.decided_by === null ? {} : { decidedBy: row.decided_by }
    await eraser.eraseObject(object, { id: row.id, by, ...decided, rule: row.rule, signal: job.signal })
    await this.#changeErasure(row.id, (now) => {
      const left = chainsOf(now).filter((one) => one !== chain)
      const isDone = left.length === 0
      return { chains: JSON.stringify(left), ...(isDone ? { state: 'done', ended_at: own.now(), error: null } : {}) }
    })
  }

  /** Changes it from what it is now; two nodes ending their parts at once both count. */
  async #changeErasure(id: string, change: (row: ErasureRow) => Partial<ErasureRow>): Promise<void> {
    const { own } = this.#deps
    await own.run(id, async (trx, tell) => {
      const row = await readErasure(trx, own.tenant, id)
      if (!row) return
      const made = { ...change(row), updated_at: own.now() }
      if (!(await changeErasure(trx, row, made))) throw new AppError('DATABASE_BUSY', { reason: 'erasure' })
      if (made.state === undefined || made.state === row.state) return
      const before = erasureSnapshot(row)
      const after = { ...before, state: made.state, error: made.error ?? null }
      await tell({ action: 'Modification', object: { type: 'audit-erasure', id }, before, after })
    })
  }
}

const chainsOf = (row: Pick<ErasureRow, 'chains'>): readonly string[] =>
  z.array(z.string()).parse(JSON.parse(row.chains))

type CleaningFacts = Pick<CleaningRow, 'id' | 'chain' | 'cut' | 'entries' | 'bytes' | 'until' | 'state'>

export const cleaningSnapshot = ({ id, chain, cut, entries, bytes, until, state }: CleaningFacts) => ({
  id,
  name: `${chain} ${cut}`,
  chain,
  cut,
  entries,
  bytes,
  until,
  state,
})

/** Names the object by its id alone: the entry must not say again what is to be erased. */
export const erasureSnapshot = (row: ErasureRow) => ({
  id: row.id,
  name: `${row.object_type} ${row.object_id}`,
  objectType: row.object_type,
  objectId: row.object_id,
  rule: row.rule,
  state: row.state,
  entries: row.entries,
  bytes: row.bytes,
  requestedBy: row.requested_by,
  decidedBy: row.decided_by,
})
