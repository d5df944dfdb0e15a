import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listSchedules } from '../../../../server/db/repositories/jobs-schedules.ts'
import { Scheduler, SCHEDULES } from '../../../../server/jobs/scheduler.ts'
import { openJobsBench, TENANT } from './jobs-bench.ts'
import type { JobsBench } from './jobs-bench.ts'

let bench: JobsBench
const DAY = 86_400_000
beforeEach(async () => {
  bench = await openJobsBench()
})
afterEach(() => bench.close())

const newScheduler = () =>
  new Scheduler({
    db: bench.databases.operational.db,
    own: bench.own,
    queue: bench.queue,
    chains: () => Promise.resolve(['node-1', 'node-2']),
  })
const jobs = () => bench.databases.operational.db.selectFrom('job').selectAll().orderBy('node').execute()

describe('when schedules are looked at', () => {
  it('are there once, the erasing one switched off', async () => {
    await newScheduler().ensure()
    await newScheduler().ensure()
    const rows = await listSchedules(bench.databases.operational.db, TENANT)
    expect(Object.fromEntries(rows.map((row) => [row.name, [row.cron, row.enabled]]))).toEqual(
      Object.fromEntries(Object.entries(SCHEDULES).map(([name, spec]) => [name, [spec.cron, spec.isEnabled ? 1 : 0]])),
    )
    expect(rows).toHaveLength(Object.keys(SCHEDULES).length)
  })

  it('make a job for each chain when due, once, whichever node looks first', async () => {
    const nodes = [newScheduler(), newScheduler()]
    await nodes[0]?.ensure()
    await Promise.all(nodes.map((node) => node.tick()))
    expect(await jobs()).toEqual([])
    bench.clock.forward(15 * 3_600_000)
    await Promise.all(nodes.map((node) => node.tick()))
    expect((await jobs()).map((job) => [job.kind, job.node, job.schedule])).toEqual([
      ['audit-verification', 'node-1', 'audit-verification'],
      ['audit-verification', 'node-2', 'audit-verification'],
    ])
    await nodes[1]?.tick()
    expect(await jobs()).toHaveLength(2)
  })

  it('make up for a long absence once', async () => {
    const scheduler = newScheduler()
    await scheduler.ensure()
    bench.clock.forward(30 * DAY)
    await scheduler.tick()
    const made = await jobs()
    expect(made.filter((job) => job.schedule === 'audit-verification')).toHaveLength(2)
    const rows = await listSchedules(bench.databases.operational.db, TENANT)
    for (const row of rows) if (row.enabled === 1) expect(row.next_at).toBeGreaterThan(bench.clock.now())
  })
})
