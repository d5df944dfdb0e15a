import { AppError } from '../../shared/contract/errors.ts'
import type { Json } from '../../shared/audit/json.ts'
import type { JobKind, ScheduleName } from '../../shared/contract/routes/jobs.ts'
import { newId } from '../db/index.ts'
import { ensureSchedule, listDueSchedules, moveSchedule, noteScheduledJob } from '../db/repositories/jobs-schedules.ts'
import type { ScheduleRow } from '../db/repositories/jobs-schedules.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import type { Tell } from '../services/change.ts'
import { nextTime } from './cron.ts'
import type { JobQueue } from './queue.ts'
import type { OwnChanges } from './own-changes.ts'

/** What runs by itself, and when unless somebody changes it. */
export interface ScheduleSpec {
  readonly kind: JobKind
  readonly cron: string
  readonly isEnabled: boolean
  readonly body: { readonly [name: string]: Json }
}

export const SCHEDULES: Readonly<Record<ScheduleName, ScheduleSpec>> = {
  'audit-verification': { kind: 'audit-verification', cron: '30 2 * * *', isEnabled: true, body: { mode: 'quick' } },
  'audit-verification-full': {
    kind: 'audit-verification',
    cron: '30 3 * * 0',
    isEnabled: true,
    body: { mode: 'full' },
  },
  // Without a window it deletes nothing; setting the window is the deliberate act.
  'audit-cleaning': { kind: 'audit-cleaning', cron: '15 4 * * *', isEnabled: true, body: {} },
  'personal-data-erasure': { kind: 'personal-data-erasure', cron: '45 4 * * 0', isEnabled: false, body: {} },
  'export-clearing': { kind: 'export-clearing', cron: '10 5 * * *', isEnabled: true, body: {} },
  'signature-renewal': { kind: 'signature-renewal', cron: '40 5 * * *', isEnabled: true, body: {} },
}

export interface SchedulerDeps {
  readonly db: OperationalDatabase
  readonly own: OwnChanges
  readonly queue: JobQueue
  /** Each chain is worked on by the node that holds it; a schedule makes a job for each. */
  readonly chains: () => Promise<readonly string[]>
}

export const scheduleSpec = (name: string): ScheduleSpec => {
  const spec = Object.hasOwn(SCHEDULES, name) ? SCHEDULES[name as ScheduleName] : undefined
  if (!spec) throw new AppError('JOB_NOT_FOUND', { schedule: name })
  return spec
}

/** Turns times into jobs: each due schedule once, whichever node comes first. Times missed while off are made up once. */
export class Scheduler {
  readonly #deps: SchedulerDeps

  constructor(deps: SchedulerDeps) {
    this.#deps = deps
  }

  /** Puts the schedules there that are not; what an administrator changed stays. */
  async ensure(): Promise<void> {
    const { db, own } = this.#deps
    const at = own.now()
    for (const [name, spec] of Object.entries(SCHEDULES)) {
      await ensureSchedule(db, {
        id: newId('schedule', at),
        tenant: own.tenant,
        name,
        cron: spec.cron,
        time_zone: 'UTC',
        enabled: spec.isEnabled ? 1 : 0,
        next_at: nextTime(spec.cron, 'UTC', at),
        last_at: null,
        last_job: null,
        created_at: at,
        updated_at: at,
      })
    }
  }

  /** Makes the jobs that are due, and moves their schedules on in the same commit. */
  async tick(): Promise<void> {
    const { db, own, queue } = this.#deps
    const now = own.now()
    const due = await listDueSchedules(db, own.tenant, now)
    if (due.length === 0) return
    const chains = await this.#deps.chains()
    for (const schedule of due) {
      await own.run(schedule.id, async (trx, tell) => {
        const nextAt = nextTime(schedule.cron, schedule.time_zone, now)
        if (!(await moveSchedule(trx, schedule, { nextAt, lastAt: now, lastJob: null }))) return
        const [job] = await this.#addJobs(trx, tell, schedule, { chains, at: now, due: String(schedule.next_at) })
        if (job !== undefined) await noteScheduledJob(trx, schedule.id, { at: now, job })
      })
    }
    queue.wake()
  }

  /** Makes its jobs now, in the caller's transaction; ids, the first one first. `chains` was read before it. */
  async runNow(
    trx: OperationalTransaction,
    tell: Tell,
    schedule: ScheduleRow,
    by: { readonly operator: string; readonly at: number; readonly chains: readonly string[] },
  ): Promise<readonly string[]> {
    const due = newId('now', by.at)
    const jobs = await this.#addJobs(trx, tell, schedule, { ...by, due, requestedBy: by.operator })
    const [job] = jobs
    if (job !== undefined) await noteScheduledJob(trx, schedule.id, { at: by.at, job })
    return jobs
  }

  async #addJobs(
    trx: OperationalTransaction,
    tell: Tell,
    schedule: ScheduleRow,
    how: { chains: readonly string[]; at: number; due: string; requestedBy?: string },
  ): Promise<readonly string[]> {
    const spec = scheduleSpec(schedule.name)
    const made: string[] = []
    for (const chain of how.chains) {
      const order = {
        kind: spec.kind,
        body: { ...spec.body, chain },
        node: chain,
        schedule: schedule.name as ScheduleName,
        uniqueKey: `${schedule.name}:${chain}:${how.due}`,
        ...(how.requestedBy === undefined ? {} : { requestedBy: how.requestedBy }),
      }
      const id = await this.#deps.queue.add(trx, tell, order, how.at)
      if (id !== null) made.push(id)
    }
    return made
  }
}
