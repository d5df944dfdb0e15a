import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RetentionJobs } from '../../../server/audit/retention-jobs.ts'
import { insertErasure, readErasure } from '../../../server/db/repositories/retention-orders.ts'
import type { ErasureRow } from '../../../server/db/repositories/retention-orders.ts'
import type { RunningJob } from '../../../server/jobs/job.ts'
import { CHAIN } from '../../unit/server/audit/chain-bench.ts'
import { TENANT } from '../../unit/server/jobs/jobs-bench.ts'
import { MONTH_MS, NOW, openRetention } from './retention-bench.ts'
import type { RetentionBench } from './retention-bench.ts'

let bench: RetentionBench
beforeEach(async () => {
  bench = await openRetention()
  const object = { type: 'route' as const, id: 'someone' }
  await bench.fill(20, NOW - 40 * MONTH_MS, (n) => (n % 2 === 0 ? { object } : {}))
})
afterEach(() => bench.close())

const jobs = () => {
  const { audit, operational } = bench.databases
  const { own } = bench
  return new RetentionJobs({ audit, operational, own, cleaner: bench.cleaner(), eraser: bench.eraser(), chain: CHAIN })
}
const jobOf = (kind: RunningJob['kind'], body: object, requestedBy: string | null): RunningJob => ({
  id: 'job_0000000000000001',
  kind,
  body,
  attempt: 1,
  schedule: null,
  requestedBy,
  signal: new AbortController().signal,
})
const erasing = (id = 'erasure_1') => jobOf('audit-erasure', { chain: CHAIN, erasure: id }, 'operator-3')
const ask = (state: ErasureRow['state'], tenant = TENANT): Promise<void> =>
  bench.own.run('test', (trx) =>
    insertErasure(trx, {
      id: 'erasure_1',
      tenant,
      version: 1,
      object_type: 'route',
      object_id: 'someone',
      rule: 'data-subject-request',
      reason: 'asked in writing',
      state,
      requested_by: 'operator-1',
      decided_by: 'operator-2',
      decided_at: 1,
      refusal: null,
      entries: 10,
      bytes: 1,
      chains: JSON.stringify([CHAIN]),
      ended_at: state === 'failed' ? 2 : null,
      error: state === 'failed' ? 'DATABASE_BUSY' : null,
      created_at: 1,
      updated_at: 1,
    }),
  )
const erased = () =>
  bench.databases.audit.db.selectFrom('payload').selectAll().where('bytes', 'is', null).orderBy('sequence').execute()
const tombstones = async () => {
  const { db } = bench.databases.audit
  const rows = await db
    .selectFrom('entry')
    .innerJoin('payload', 'payload.sequence', 'entry.sequence')
    .select(['entry.bytes as entry', 'payload.bytes as payload'])
    .execute()
  return rows
    .filter((row) => Buffer.from(row.entry).includes('"type":"audit-payload"'))
    .map((row) => Buffer.from(row.payload ?? []).toString('utf8'))
}

describe('when an erasure’s job runs', () => {
  it.each(['approved', 'failed'] as const)(
    '%s: it is erased, and who asked and who approved is told',
    async (state) => {
      await ask(state)
      await jobs().erasure().run(erasing())
      expect(await readErasure(bench.databases.operational.db, TENANT, 'erasure_1')).toMatchObject({
        state: 'done',
        error: null,
      })
      const rows = await erased()
      expect(rows).toHaveLength(10)
      expect(new Set(rows.map((row) => row.erased_by))).toEqual(new Set(['operator-1']))
      for (const text of await tombstones()) expect(text).toMatch(/"by":"operator-1".*"decidedBy":"operator-2"/)
      expect(await bench.verify('full')).toMatchObject({ ok: true, payloadsErased: 10 })
      // Again: nothing is left to do, and it ends well.
      await jobs().erasure().run(erasing())
    },
  )

  it.each(['requested', 'refused'] as const)('%s: it does not end as if it were done', async (state) => {
    await ask(state)
    await expect(jobs().erasure().run(erasing())).rejects.toMatchObject({ code: 'AUDIT_ERASURE_STATE' })
    expect(await erased()).toEqual([])
  })

  it('of another tenant’s node: nor then', async () => {
    await expect(jobs().erasure().run(erasing('erasure_9'))).rejects.toMatchObject({ code: 'AUDIT_ERASURE_NOT_FOUND' })
  })
})

describe('when payloads are erased whose retention ended', () => {
  it.each([
    ['on schedule', null, 'server'],
    ['by hand', 'operator-7', 'operator-7'],
  ])('%s it says who', async (_, requestedBy, by) => {
    await jobs()
      .personalData()
      .run(jobOf('personal-data-erasure', { chain: CHAIN }, requestedBy))
    const rows = await erased()
    expect(rows.length).toBeGreaterThan(0)
    expect(new Set(rows.map((row) => row.erased_by))).toEqual(new Set([by]))
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })
})
