import type { JobKind } from '../../../../shared/contract/routes/jobs.ts'
import type { JobHandler, JobHandlers } from '../../../../server/jobs/job.ts'
import { OwnChanges } from '../../../../server/jobs/own-changes.ts'
import { JobQueue } from '../../../../server/jobs/queue.ts'
import { JobRunner } from '../../../../server/jobs/runner.ts'
import { makeLog } from '../../../../server/log/log.ts'
import type { OperationalDatabase } from '../../../../server/db/schema.ts'
import { openBench } from '../audit/chain-bench.ts'
import type { Bench } from '../audit/chain-bench.ts'

export const TENANT = 'tenant-1'

/** A clock that only moves when told. */
export const newClock = (from = Date.UTC(2026, 0, 5, 12)) => {
  let at = from
  return {
    now: () => at,
    forward: (ms: number) => {
      at += ms
    },
  }
}
export type Clock = ReturnType<typeof newClock>

export const addTenant = async (db: OperationalDatabase): Promise<void> => {
  await db
    .insertInto('tenant')
    .values({ id: TENANT, name: 'Test', status: 'active', created_at: 0, updated_at: 0 })
    .execute()
}

const idle: JobHandler = { maxAttempts: 3, isExclusive: false, backoffMs: () => 1000, run: () => Promise.resolve() }

export const handlersWith = (some: Partial<JobHandlers>): JobHandlers => ({
  mail: idle,
  'audit-verification': idle,
  'audit-cleaning': idle,
  'audit-key-rollover': idle,
  'audit-erasure': idle,
  'personal-data-erasure': idle,
  'audit-export': idle,
  'export-clearing': idle,
  'signature-renewal': idle,
  ...some,
})

export interface JobsBench extends Bench {
  readonly clock: Clock
  readonly own: OwnChanges
  readonly queue: JobQueue
  readonly lines: () => string
  readonly dead: { id: string; kind: JobKind; error: string }[]
  runner(handlers: Partial<JobHandlers>, more?: { node?: string; leaseMs?: number }): JobRunner
  add(order: Parameters<JobQueue['add']>[2]): Promise<string | null>
  job(id: string): Promise<{ state: string; attempts: number; last_error: string | null; due_at: number; body: string }>
  /** Waits until the job is in the state, whatever runs it. */
  until(id: string, state: string): Promise<void>
}

export const openJobsBench = async (clock = newClock()): Promise<JobsBench> => {
  const bench = await openBench()
  const { operational } = bench.databases
  await addTenant(operational.db)
  const written: string[] = []
  const log = makeLog('trace', { write: (line: string) => void written.push(line) })
  const own = new OwnChanges({ db: operational.db, sequencer: bench.sequencer, tenant: TENANT, log, now: clock.now })
  const queue = new JobQueue(TENANT, () => 3)
  const dead: JobsBench['dead'] = []
  const runners: JobRunner[] = []
  const job = (id: string) =>
    operational.db.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  return {
    ...bench,
    clock,
    own,
    queue,
    dead,
    lines: () => written.join(''),
    runner: (handlers, more = {}) => {
      const runner = new JobRunner({
        operational,
        own,
        handlers: handlersWith(handlers),
        node: more.node ?? 'node-1',
        log,
        onDead: (one) => Promise.resolve(void dead.push(one)),
        pollMs: 5,
        leaseMs: more.leaseMs ?? 60_000,
      })
      runners.push(runner)
      return runner
    },
    add: async (order) => {
      const id = await own.run('test', (trx, tell) => queue.add(trx, tell, order, clock.now()))
      queue.wake()
      return id
    },
    job,
    until: async (id, state) => {
      for (let turn = 0; turn < 2000; turn += 1) {
        if ((await job(id)).state === state) return
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      throw new Error(`job is ${(await job(id)).state}, not ${state}`)
    },
    close: async () => {
      for (const runner of runners) await runner.close()
      await bench.close()
    },
  }
}
