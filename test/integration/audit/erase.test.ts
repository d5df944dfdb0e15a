import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ERASURE_FAULTS, planErasure, rangesOf } from '../../../server/audit/erasure.ts'
import { indexNext } from '../../../server/db/repositories/audit-search.ts'
import { AuditTrail } from '../../../server/audit/trail.ts'
import { AppError } from '../../../shared/contract/errors.ts'
import { CHAIN, newIntent } from '../../unit/server/audit/chain-bench.ts'
import { TENANT } from '../../unit/server/jobs/jobs-bench.ts'
import { MONTH_MS, NOW, openRetention } from './retention-bench.ts'
import type { RetentionBench } from './retention-bench.ts'

let bench: RetentionBench
beforeEach(async () => {
  bench = await openRetention()
})
afterEach(() => bench.close())

const object = { type: 'route', id: 'someone' }
const order = { id: 'erasure_1', by: 'operator-1', rule: 'data-subject-request' }
const old = NOW - 40 * MONTH_MS
const NAME = 'Zephyrinella'

/** Ten entries of one object among others, some next to each other, all with a name that is nowhere else. */
const writeHistory = async (at: number): Promise<void> => {
  await bench.fill(60, at, (n) =>
    n % 10 === 3 || n % 10 === 4 ? { object, after: { givenNames: NAME, note: `${NAME} was here` } } : {},
  )
  while ((await indexNext(bench.databases.audit.db, 'sqlite', CHAIN, 100)) > 0);
}
const deps = () => {
  const { audit, operational } = bench.databases
  return { audit, operational, tenant: TENANT, settings: () => Promise.resolve(bench.settings) }
}
const payloads = async () => {
  const { db } = bench.databases.audit
  return db.selectFrom('payload').selectAll().where('bytes', 'is', null).orderBy('sequence').execute()
}
const holds = (name: string): string[] =>
  readdirSync(bench.folder).filter((file) => readFileSync(join(bench.folder, file)).includes(name))
const found = async (text: string) => {
  const trail = new AuditTrail(bench.databases.audit, () => Promise.resolve(new Map()))
  return (await trail.list({ text }, {})).items.length
}
const tombstones = async () => {
  const trail = new AuditTrail(bench.databases.audit, () => Promise.resolve(new Map()))
  return (await trail.list({ objectType: 'audit-payload' }, { limit: 200 })).items
}

describe('when an object’s history is erased', () => {
  it('the plan counts it; payloads, words and kept answers are gone from the files; the chain verifies', async () => {
    await writeHistory(old)
    await bench.own.run('x', (trx) =>
      trx
        .insertInto('idempotency_key')
        .values({
          key: 'key-1',
          operator: 'operator-1',
          route: 'createHolder',
          tenant: TENANT,
          request_hash: 'x',
          status: 200,
          body: JSON.stringify({ id: object.id, givenNames: NAME }),
          headers: null,
          created_at: 0,
          expires_at: NOW,
        })
        .execute(),
    )
    const plan = await planErasure(deps(), object, NOW)
    expect(plan).toMatchObject({ entries: 12, erasedBefore: 0, heldBy: null, chains: [CHAIN] })
    expect(await found(NAME)).toBe(12)
    expect(holds(NAME)).not.toEqual([])
    expect(await bench.eraser().eraseObject(object, order)).toEqual({ entries: 12, bytes: plan.bytes })
    expect(await found(NAME)).toBe(0)
    expect(holds(NAME)).toEqual([])
    expect(holds(NAME.toLowerCase())).toEqual([])
    const marks = { erased_by: 'operator-1', erased_rule: 'data-subject-request', erased_at: NOW }
    const gone = await payloads()
    expect(gone).toHaveLength(12)
    for (const row of gone) expect([row, row.salt.length]).toMatchObject([marks, 0])
    expect(await tombstones()).toHaveLength(6)
    for (const mode of ['full', 'quick'] as const)
      expect(await bench.verify(mode)).toMatchObject({ ok: true, payloadsErased: 12 })
    expect(await planErasure(deps(), object, NOW)).toMatchObject({ entries: 0, erasedBefore: 12 })
    const key = await bench.databases.operational.db.selectFrom('idempotency_key').selectAll().execute()
    expect(key).toMatchObject([{ key: 'key-1', body: null }])
  })

  it('done again it changes nothing', async () => {
    await writeHistory(old)
    await bench.eraser().eraseObject(object, order)
    const head = bench.sequencer.state().head
    await bench.eraser().eraseObject(object, order)
    expect(bench.sequencer.state().head).toBe(head)
  })

  it('is refused while a class holds any of it', async () => {
    await writeHistory(old)
    await bench.write([newIntent({ at: NOW, object })])
    const plan = await planErasure(deps(), object, NOW)
    expect(plan.heldBy).toMatchObject({ class: 'events', entries: 1 })
    await expect(bench.eraser().eraseObject(object, order)).rejects.toMatchObject({ code: 'AUDIT_RETENTION_HELD' })
    expect(await payloads()).toEqual([])
  })

  it.each(['audit-key', 'audit-cut', 'audit-payload', 'audit-erasure'])(
    'never of %s: it proves the chain',
    async (type) => {
      await expect(planErasure(deps(), { type, id: 'x' }, NOW)).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    },
  )

  it('is refused where the server may only add', async () => {
    const eraser = bench.eraser({ maintenance: null })
    await expect(eraser.eraseObject(object, order)).rejects.toMatchObject({ code: 'AUDIT_MAINTENANCE_MISSING' })
  })
})

describe('when personal data has been kept long enough', () => {
  it('what no class holds is erased, the chain’s own entries and younger ones stay', async () => {
    await writeHistory(old)
    await bench.fill(20, NOW - 2 * MONTH_MS)
    const { entries } = await bench
      .eraser()
      .eraseEnded({ ...order, id: 'job_1', by: 'server', rule: 'retention-end' }, 0)
    expect(entries).toBe(60)
    const gone = await payloads()
    expect(gone).toHaveLength(60)
    expect(gone.every((row) => row.erased_rule === 'retention-end')).toBe(true)
    expect(await bench.verify('full')).toMatchObject({ ok: true, payloadsErased: 60 })
    expect(holds(NAME)).toEqual([])
    const again = await bench.eraser().eraseEnded({ ...order, id: 'job_2', by: 'server', rule: 'retention-end' }, 0)
    expect(again.entries).toBe(0)
  })
})

describe('when erasing fails in the middle', () => {
  it.each(ERASURE_FAULTS)(
    'at %s the chain verifies, and the next run ends it with the same tombstones',
    async (point) => {
      await writeHistory(old)
      let left = point === 'inside-erasure' ? 2 : 0
      const faults = (at: string) => {
        if (at === point) left -= 1
        return left < 0 ? Promise.reject(new AppError('DATABASE_UNAVAILABLE')) : Promise.resolve()
      }
      await expect(bench.eraser({ faults }).eraseObject(object, order)).rejects.toMatchObject({
        code: 'DATABASE_UNAVAILABLE',
      })
      expect(await bench.verify('full')).toMatchObject({ ok: true })
      await bench.eraser().eraseObject(object, order)
      expect(await payloads()).toHaveLength(12)
      expect(await tombstones()).toHaveLength(6)
      expect(await bench.verify('full')).toMatchObject({ ok: true, payloadsErased: 12 })
      expect(holds(NAME)).toEqual([])
    },
  )
})

describe('when sequences become ranges', () => {
  it.each([
    [[], []],
    [[5], [{ from: 5, to: 5 }]],
    [
      [3, 1, 2, 9, 2],
      [
        { from: 1, to: 3 },
        { from: 9, to: 9 },
      ],
    ],
  ])('%j are %j', (sequences, ranges) => {
    expect(rangesOf(sequences)).toEqual(ranges)
  })

  it('none is longer than a transaction should be', () => {
    const ranges = rangesOf(Array.from({ length: 1200 }, (_, n) => n))
    expect(ranges).toEqual([
      { from: 0, to: 499 },
      { from: 500, to: 999 },
      { from: 1000, to: 1199 },
    ])
  })
})
