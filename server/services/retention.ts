import { AppError, type HttpAnswer, type HttpRequest } from '../../shared/contract/index.ts'
import {
  RETENTION_DEFAULTS,
  RetentionClass,
  type CleaningView,
  type ErasurePlan,
  type ErasureView,
  type RetentionNote,
  type RetentionView,
} from '../../shared/contract/routes/audit-retention.ts'
import { planErasure } from '../audit/erasure.ts'
import { findTooShort, RETENTION_SETTING, takeWindow } from '../audit/retention-classes.ts'
import type { RetentionSettings } from '../audit/retention-classes.ts'
import { cleaningSnapshot, erasureSnapshot } from '../audit/retention-jobs.ts'
import type { RetentionJobs } from '../audit/retention-jobs.ts'
import { readRetention } from '../audit/retention-settings.ts'
import type { Opened } from '../db/open.ts'
import { newId } from '../db/index.ts'
import type { Directory } from '../db/repositories/directory.ts'
import { writeSetting } from '../db/repositories/jobs-settings.ts'
import { listChainExtents, listChainExtentsOf } from '../db/repositories/retention-entries.ts'
import {
  changeErasure,
  ensureCleaning,
  insertErasure,
  listCleanings,
  listErasures,
  readErasure,
} from '../db/repositories/retention-orders.ts'
import type { CleaningRow, ErasureRow } from '../db/repositories/retention-orders.ts'
import type { AuditDb, OperationalDatabase, OperationalDb, OperationalTransaction } from '../db/schema.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { AuditSight } from './audit-scope.ts'
import type { Call } from './call.ts'
import type { Changes, Tell } from './change.ts'
import { tellConfigurationRead } from './configuration-read.ts'
import { assertVersion } from './deps.ts'
import { assertEverything } from './jobs.ts'
import { etagOf, operatorRef } from './views.ts'

export interface RetentionDeps {
  readonly audit: Opened<AuditDb>
  readonly operational: Opened<OperationalDb>
  readonly directory: Directory
  readonly changes: Changes
  readonly queue: JobQueue
  readonly jobs: RetentionJobs
  /** The node's own chain, seen whatever it holds. */
  readonly chain: string
  /** `tenant`: chains of other tenants in this audit database are not shown, nor planned, nor cut. */
  readonly sight: AuditSight
  /** False on PostgreSQL without a maintenance connection: nothing can be cleaned or erased. */
  readonly mayErase: boolean
}

type Requested = HttpRequest<'requestErasure'>['body']

/** Window, retention, cleaning and erasure, as people see, set and decide them. */
export class Retention {
  readonly #deps: RetentionDeps

  constructor(deps: RetentionDeps) {
    this.#deps = deps
  }

  async read(call: Call): Promise<RetentionView> {
    assertEverything(call)
    await tellConfigurationRead(this.#deps.changes, call, 'audit-retention')
    const { settings, version } = await readRetention(this.#deps.operational.db, call.actor.tenant)
    return this.#view(settings, version, [])
  }

  /** Throws AUDIT_RETENTION_TOO_SHORT, REQUEST_PRECONDITION_FAILED. */
  async set(call: Call, body: HttpRequest<'setRetention'>['body']): Promise<RetentionView> {
    assertEverything(call)
    const { tenant } = call.actor
    const short = findTooShort(body.classes)
    if (short) throw new AppError('AUDIT_RETENTION_TOO_SHORT', { class: short, months: RETENTION_DEFAULTS[short] })
    const { months, wasRaised } = takeWindow(body.windowMonths)
    const value: RetentionSettings = { windowMonths: months, classes: body.classes }
    const version = await this.#deps.changes.run(call, async (trx, tell) => {
      const old = await readRetention(trx, tenant)
      assertVersion(call, old.version)
      const isWritten = await writeSetting(trx, tenant, RETENTION_SETTING, { value, version: old.version, at: call.at })
      if (!isWritten) throw new AppError('REQUEST_PRECONDITION_FAILED')
      const object = { type: 'audit-retention', id: RETENTION_SETTING } as const
      await tell({
        action: 'Modification',
        object,
        before: { ...old.settings, classes: { ...old.settings.classes } },
        after: { windowMonths: months, classes: { ...body.classes } },
        reason: body.reason,
      })
      return old.version + 1
    })
    return this.#view(value, version, wasRaised ? ['window-raised'] : [])
  }

  async planCleaning(call: Call): Promise<HttpAnswer<'planCleaning'>> {
    assertEverything(call)
    const chains = await this.#chains()
    const items = []
    for (const { chain } of chains) items.push(await this.#deps.jobs.plan(chain, call.at))
    return { items }
  }

  /** Durable when it returns; it runs by itself. Throws AUDIT_NOT_FOUND, AUDIT_CLEANING_CHANGED, AUDIT_MAINTENANCE_MISSING. */
  async clean(call: Call, body: HttpRequest<'startCleaning'>['body']): Promise<CleaningView> {
    assertEverything(call)
    const { changes, queue, jobs } = this.#deps
    if (!(await this.#chains()).some(({ chain }) => chain === body.chain))
      throw new AppError('AUDIT_NOT_FOUND', { chain: body.chain })
    const plan = await jobs.plan(body.chain, call.at)
    const view = await changes.create(call, async (trx, tell) => {
      if (plan.verdict === 'refused') throw new AppError('AUDIT_MAINTENANCE_MISSING')
      const isSame = plan.verdict === 'ready' && plan.cut === body.cut
      if (!isSame) throw new AppError('AUDIT_CLEANING_CHANGED', { verdict: plan.verdict, cut: plan.cut })
      const id = newId('cleaning', call.at)
      const row: CleaningRow = {
        id,
        tenant: call.actor.tenant,
        version: 1,
        chain: plan.chain,
        state: 'waiting',
        cut: plan.cut,
        entries: plan.entries,
        bytes: plan.bytes,
        until: plan.until,
        requested_by: call.actor.operator.id,
        ended_at: null,
        error: null,
        created_at: call.at,
        updated_at: call.at,
      }
      await ensureCleaning(trx, row)
      const order = { chain: plan.chain, cleaning: id }
      await queue.add(trx, tell, this.#order('audit-cleaning', plan.chain, order, call), call.at)
      const object = { type: 'audit-cut', id } as const
      await tell({ action: 'Insertion', object, after: cleaningSnapshot(row), reason: body.reason })
      return this.#cleaning(row)
    })
    queue.wake()
    return view
  }

  async cleanings(call: Call, request: HttpRequest<'listCleanings'>['query']): Promise<HttpAnswer<'listCleanings'>> {
    assertEverything(call)
    const { items, next } = await listCleanings(this.#deps.operational.db, call.actor.tenant, request)
    return { items: items.map((row) => this.#cleaning(row)), next }
  }

  async planErasure(call: Call, object: { objectType: string; objectId: string }): Promise<ErasurePlan> {
    assertEverything(call)
    const { chains: _chains, ...plan } = await this.#plan(call, object)
    return plan
  }

  /** Throws AUDIT_RETENTION_HELD, AUDIT_MAINTENANCE_MISSING. */
  async requestErasure(call: Call, body: Requested): Promise<ErasureView> {
    assertEverything(call)
    this.#assertAllowed()
    const plan = await this.#plan(call, body)
    return this.#deps.changes.create(call, async (trx, tell) => {
      assertNotHeld(plan)
      const row: ErasureRow = {
        id: newId('erasure', call.at),
        tenant: call.actor.tenant,
        version: 1,
        object_type: body.objectType,
        object_id: body.objectId,
        rule: body.rule,
        reason: body.reason,
        state: 'requested',
        requested_by: call.actor.operator.id,
        decided_by: null,
        decided_at: null,
        refusal: null,
        entries: plan.entries,
        bytes: plan.bytes,
        chains: '[]',
        ended_at: null,
        error: null,
        created_at: call.at,
        updated_at: call.at,
      }
      await insertErasure(trx, row)
      const object = { type: 'audit-erasure', id: row.id } as const
      await tell({ action: 'Insertion', object, after: erasureSnapshot(row), reason: body.reason })
      return this.#erasure(row)
    })
  }

  async erasures(call: Call, query: HttpRequest<'listErasures'>['query']): Promise<HttpAnswer<'listErasures'>> {
    assertEverything(call)
    const { state, ...request } = query
    const { items, next } = await listErasures(this.#deps.operational.db, call.actor.tenant, state, request)
    return { items: items.map((row) => this.#erasure(row)), next }
  }

  /** Throws AUDIT_ERASURE_NOT_FOUND. */
  async erasure(call: Call, id: string): Promise<ErasureView> {
    assertEverything(call)
    return this.#erasure(await this.#row(this.#deps.operational.db, call, id))
  }

  /**
   * By another person than the one who asked; counted anew. Durable when it returns, done by a job. Throws
   * ACCESS_SELF_APPROVAL, AUDIT_ERASURE_STATE, AUDIT_RETENTION_HELD, REQUEST_PRECONDITION_FAILED.
   */
  async approve(call: Call, id: string): Promise<ErasureView> {
    assertEverything(call)
    this.#assertAllowed()
    const asked = await this.#row(this.#deps.operational.db, call, id)
    const plan = await this.#plan(call, { objectType: asked.object_type, objectId: asked.object_id })
    const { queue } = this.#deps
    const view = await this.#decide(call, id, null, async (trx, tell) => {
      assertNotHeld(plan)
      for (const chain of plan.chains) {
        await queue.add(trx, tell, this.#order('audit-erasure', chain, { chain, erasure: id }, call), call.at)
      }
      const { entries, bytes, chains } = plan
      const isDone = chains.length === 0
      const end = isDone ? { state: 'done' as const, ended_at: call.at } : { state: 'approved' as const }
      return { entries, bytes, chains: JSON.stringify(chains), ...end }
    })
    queue.wake()
    return view
  }

  /** Throws ACCESS_SELF_APPROVAL, AUDIT_ERASURE_STATE, REQUEST_PRECONDITION_FAILED. */
  refuse(call: Call, id: string, reason: string): Promise<ErasureView> {
    assertEverything(call)
    return this.#decide(call, id, reason, () =>
      Promise.resolve({ state: 'refused', refusal: reason, ended_at: call.at }),
    )
  }

  #decide(
    call: Call,
    id: string,
    reason: string | null,
    change: (trx: OperationalTransaction, tell: Tell) => Promise<Partial<ErasureRow>>,
  ): Promise<ErasureView> {
    return this.#deps.changes.run(call, async (trx, tell) => {
      const row = await this.#row(trx, call, id)
      if (row.requested_by === call.actor.operator.id) throw new AppError('ACCESS_SELF_APPROVAL')
      assertVersion(call, row.version)
      if (row.state !== 'requested') throw new AppError('AUDIT_ERASURE_STATE', { state: row.state })
      const by = { decided_by: call.actor.operator.id, decided_at: call.at, updated_at: call.at }
      const made = { ...(await change(trx, tell)), ...by }
      if (!(await changeErasure(trx, row, made))) throw new AppError('REQUEST_PRECONDITION_FAILED')
      const after = { ...row, ...made, version: row.version + 1 }
      const object = { type: 'audit-erasure', id } as const
      await tell({
        action: 'Modification',
        object,
        before: erasureSnapshot(row),
        after: erasureSnapshot(after),
        reason,
      })
      return this.#erasure(after)
    })
  }

  #order(kind: 'audit-cleaning' | 'audit-erasure', node: string, body: Record<string, string>, call: Call) {
    return { kind, node, body, requestedBy: call.actor.operator.id }
  }

  #assertAllowed(): void {
    if (!this.#deps.mayErase) throw new AppError('AUDIT_MAINTENANCE_MISSING')
  }

  #plan(call: Call, { objectType, objectId }: { readonly objectType: string; readonly objectId: string }) {
    const { audit, operational } = this.#deps
    const settings = async () => (await readRetention(operational.db, call.actor.tenant)).settings
    return planErasure(
      { audit, operational, settings, tenant: call.actor.tenant },
      { type: objectType, id: objectId },
      call.at,
    )
  }

  async #row(db: OperationalDatabase | OperationalTransaction, call: Call, id: string): Promise<ErasureRow> {
    const row = await readErasure(db, call.actor.tenant, id)
    if (!row) throw new AppError('AUDIT_ERASURE_NOT_FOUND', { id })
    return row
  }

  async #view(settings: RetentionSettings, version: number, notes: readonly RetentionNote[]): Promise<RetentionView> {
    const { windowMonths, classes } = settings
    const longest = Math.max(...Object.values(classes))
    const said: RetentionNote[] = [...notes]
    if (windowMonths === null) said.push('window-unset')
    else if (windowMonths < longest) said.push('held-by-class')
    if (!this.#deps.mayErase) said.push('maintenance-missing')
    return {
      windowMonths,
      classes: RetentionClass.options.map((one) => ({
        class: one,
        months: classes[one],
        defaultMonths: RETENTION_DEFAULTS[one],
      })),
      chains: [...(await this.#chains())],
      notes: said,
      etag: etagOf(version),
    }
  }

  /** Chains in sight. */
  #chains(): ReturnType<typeof listChainExtents> {
    const { audit, directory, chain, sight } = this.#deps
    return sight === 'installation' ? listChainExtents(audit.db) : listChainExtentsOf(audit.db, directory.tenant, chain)
  }

  #ref(id: string | null) {
    return id === null ? null : operatorRef(this.#deps.directory, id)
  }

  #cleaning(row: CleaningRow): CleaningView {
    return {
      id: row.id,
      chain: row.chain,
      state: row.state,
      cut: row.cut,
      entries: row.entries,
      bytes: row.bytes,
      until: row.until,
      requestedBy: this.#ref(row.requested_by),
      requestedAt: row.created_at,
      endedAt: row.ended_at,
      error: row.error,
    }
  }

  #erasure(row: ErasureRow): ErasureView {
    return {
      id: row.id,
      objectType: row.object_type,
      objectId: row.object_id,
      rule: row.rule as ErasureView['rule'],
      reason: row.reason,
      state: row.state,
      requestedBy: this.#ref(row.requested_by),
      requestedAt: row.created_at,
      decidedBy: this.#ref(row.decided_by),
      decidedAt: row.decided_at,
      refusal: row.refusal,
      entries: row.entries,
      bytes: row.bytes,
      endedAt: row.ended_at,
      error: row.error,
      etag: etagOf(row.version),
    }
  }
}

const assertNotHeld = ({ heldBy }: ErasurePlan): void => {
  if (heldBy) throw new AppError('AUDIT_RETENTION_HELD', { ...heldBy })
}
