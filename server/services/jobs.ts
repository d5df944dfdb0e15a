import { AppError, type HttpAnswer, type HttpRequest } from '../../shared/contract/index.ts'
import type { JobDetailView, JobView, ScheduleView } from '../../shared/contract/routes/jobs.ts'
import type { Directory } from '../db/repositories/directory.ts'
import { listJobRuns, listJobs, readJob, reviveJob } from '../db/repositories/jobs.ts'
import type { JobRow } from '../db/repositories/jobs.ts'
import { listSchedules, readSchedule, setSchedule } from '../db/repositories/jobs-schedules.ts'
import type { ScheduleRow } from '../db/repositories/jobs-schedules.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import { nextTime } from '../jobs/cron.ts'
import type { JobQueue } from '../jobs/queue.ts'
import { scheduleSpec } from '../jobs/scheduler.ts'
import type { Scheduler } from '../jobs/scheduler.ts'
import { reachOf } from '../identity/permission.ts'
import type { Call } from './call.ts'
import type { Changes } from './change.ts'
import { tellConfigurationRead } from './configuration-read.ts'
import { assertVersion } from './deps.ts'
import { etagOf, operatorRef } from './views.ts'

export interface JobsDeps {
  readonly db: OperationalDatabase
  readonly directory: Directory
  readonly changes: Changes
  readonly queue: JobQueue
  readonly scheduler: Scheduler
  /** Names of the chains a schedule makes a job for. */
  readonly chains: () => Promise<readonly string[]>
}

const RUNS_SHOWN = 100
const RETRY_ATTEMPTS = 5

/** The installation's own work is nobody's office: whoever sees it must see everything of the tenant. */
export const assertEverything = (call: Call): void => {
  if (reachOf(call.actor.ability, call.right).kind !== 'everything')
    throw new AppError('ACCESS_DENIED', { right: call.right, reason: 'scope' })
}

/** Jobs and schedules, as administrators see and change them. */
export class Jobs {
  readonly #deps: JobsDeps

  constructor(deps: JobsDeps) {
    this.#deps = deps
  }

  async list(call: Call, query: HttpRequest<'listJobs'>['query']): Promise<HttpAnswer<'listJobs'>> {
    assertEverything(call)
    const { cursor, limit, state, kind } = query
    const { items, next } = await listJobs(this.#deps.db, call.actor.tenant, { state, kind }, { cursor, limit })
    return { items: items.map((row) => this.view(row)), next }
  }

  /** Throws JOB_NOT_FOUND. */
  async read(call: Call, id: string): Promise<JobDetailView> {
    assertEverything(call)
    const row = await this.#job(this.#deps.db, call, id)
    const runs = await listJobRuns(this.#deps.db, id, RUNS_SHOWN)
    return {
      ...this.view(row),
      runs: runs.map((run) => ({
        attempt: run.attempt,
        node: run.node,
        startedAt: run.started_at,
        endedAt: run.ended_at,
        outcome: run.outcome,
        error: run.error,
      })),
    }
  }

  /** Throws JOB_NOT_FOUND, JOB_STATE where it is not dead. */
  async retry(call: Call, id: string, reason: string): Promise<JobView> {
    assertEverything(call)
    const view = await this.#deps.changes.run(call, async (trx, tell) => {
      const before = await this.#job(trx, call, id)
      if (!(await reviveJob(trx, id, { at: call.at, attempts: RETRY_ATTEMPTS })))
        throw new AppError('JOB_STATE', { state: before.state })
      const after = await this.#job(trx, call, id)
      await tell({
        action: 'Modification',
        object: { type: 'job', id },
        before: { id, name: before.kind, state: before.state, error: before.last_error },
        after: { id, name: after.kind, state: after.state, error: after.last_error },
        reason,
      })
      return this.view(after)
    })
    this.#deps.queue.wake()
    return view
  }

  async schedules(call: Call): Promise<HttpAnswer<'listSchedules'>> {
    assertEverything(call)
    await tellConfigurationRead(this.#deps.changes, call, 'schedule')
    const rows = await listSchedules(this.#deps.db, call.actor.tenant)
    return { items: await Promise.all(rows.map((row) => this.#schedule(this.#deps.db, row))) }
  }

  /** Throws JOB_NOT_FOUND, JOB_SCHEDULE_INVALID, REQUEST_PRECONDITION_FAILED. */
  async setSchedule(
    call: Call,
    name: string,
    set: { readonly cron: string; readonly timeZone: string; readonly enabled: boolean },
  ): Promise<ScheduleView> {
    assertEverything(call)
    const nextAt = nextTime(set.cron, set.timeZone, call.at)
    return this.#deps.changes.run(call, async (trx, tell) => {
      const row = await this.#scheduleRow(trx, call, name)
      assertVersion(call, row.version)
      const change = {
        cron: set.cron,
        time_zone: set.timeZone,
        enabled: set.enabled ? (1 as const) : (0 as const),
        next_at: set.enabled ? nextAt : null,
        updated_at: call.at,
      }
      if (!(await setSchedule(trx, row, change))) throw new AppError('REQUEST_PRECONDITION_FAILED')
      const before = { name, cron: row.cron, timeZone: row.time_zone, enabled: row.enabled === 1 }
      await tell({ action: 'Modification', object: { type: 'schedule', id: name }, before, after: { name, ...set } })
      return this.#schedule(trx, { ...row, ...change, version: row.version + 1 })
    })
  }

  /** Durable when it returns; it runs by itself. */
  async runNow(call: Call, name: string): Promise<JobView> {
    assertEverything(call)
    const { changes, scheduler, queue } = this.#deps
    const chains = await this.#deps.chains()
    const view = await changes.create(call, async (trx, tell) => {
      const row = await this.#scheduleRow(trx, call, name)
      const by = { operator: call.actor.operator.id, at: call.at, chains }
      const [id] = await scheduler.runNow(trx, tell, row, by)
      if (id === undefined) throw new AppError('JOB_NOT_FOUND', { schedule: name })
      return this.view(await this.#job(trx, call, id))
    })
    queue.wake()
    return view
  }

  view(row: JobRow): JobView {
    return {
      id: row.id,
      kind: row.kind as JobView['kind'],
      state: row.state,
      schedule: row.schedule,
      requestedBy: row.requested_by === null ? null : operatorRef(this.#deps.directory, row.requested_by),
      attempts: row.attempts,
      maxAttempts: row.max_attempts,
      createdAt: row.created_at,
      dueAt: row.due_at,
      endedAt: row.ended_at,
      lastError: row.last_error,
      etag: etagOf(row.version),
    }
  }

  async #job(db: OperationalDatabase | OperationalTransaction, call: Call, id: string): Promise<JobRow> {
    const row = await readJob(db, call.actor.tenant, id)
    if (!row) throw new AppError('JOB_NOT_FOUND', { id })
    return row
  }

  async #scheduleRow(trx: OperationalTransaction, call: Call, name: string): Promise<ScheduleRow> {
    const row = await readSchedule(trx, call.actor.tenant, name)
    if (!row) throw new AppError('JOB_NOT_FOUND', { schedule: name })
    return row
  }

  async #schedule(db: OperationalDatabase | OperationalTransaction, row: ScheduleRow): Promise<ScheduleView> {
    const last = row.last_job === null ? null : await readJob(db, row.tenant, row.last_job)
    return {
      name: row.name as ScheduleView['name'],
      kind: scheduleSpec(row.name).kind,
      cron: row.cron,
      timeZone: row.time_zone,
      enabled: row.enabled === 1,
      nextAt: row.enabled === 1 ? row.next_at : null,
      lastAt: row.last_at,
      lastJob: last && { id: last.id, state: last.state },
      etag: etagOf(row.version),
    }
  }
}
