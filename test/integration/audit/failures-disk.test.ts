import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newIntent } from '../../unit/server/audit/chain-bench.ts'
import { NOW, MONTH_MS, openRetention } from './retention-bench.ts'
import type { RetentionBench } from './retention-bench.ts'

/** A full disk, as SQLite meets it: no page more than it has. */
let bench: RetentionBench
beforeEach(async () => {
  bench = await openRetention({ retryMs: 10, retryMaxMs: 20 })
})
afterEach(() => bench.close())

type Which = 'audit' | 'operational'
const limit = async (which: Which, pages: number): Promise<void> => {
  const db = bench.databases[which].db as never
  await sql`pragma max_page_count = ${sql.lit(pages)}`.execute(db)
}
const fillUp = async (which: Which): Promise<void> => {
  const db = bench.databases[which].db as never
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db)
  await limit(which, rows[0]?.page_count ?? 0)
}
const big = () => newIntent({ after: { note: 'x'.repeat(20_000) } })
const untilRunning = async (): Promise<void> => {
  for (let turn = 0; turn < 500 && bench.sequencer.state().state !== 'running'; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect(bench.sequencer.state().state).toBe('running')
}
const entries = async (id: string): Promise<number> =>
  (await bench.databases.audit.db.selectFrom('entry').select('id').where('intent_id', '=', id).execute()).length

describe('when the disk of the audit database is full', () => {
  it('the chain stops, nothing is told as done, and what was committed follows once when there is room', async () => {
    await bench.write([newIntent()])
    await fillUp('audit')
    const intent = big()
    await bench.record([intent])
    await expect(bench.sequencer.settle([intent.id])).rejects.toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
    expect(() => bench.sequencer.assertWritable()).toThrow(expect.objectContaining({ code: 'AUDIT_CHAIN_UNWRITABLE' }))
    expect(await entries(intent.id)).toBe(0)
    await limit('audit', 1_000_000)
    await untilRunning()
    expect(await entries(intent.id)).toBe(1)
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })

  it('cleaning frees it, and fails whole where even the announcement has no room', async () => {
    await bench.fill(300, NOW - 30 * MONTH_MS)
    await fillUp('audit')
    const order = { cut: 256, by: null, rule: 'window' }
    await bench
      .cleaner()
      .run(order)
      .catch((error: unknown) => {
        expect(error).toMatchObject({ code: expect.stringMatching(/AUDIT_CHAIN_UNWRITABLE|DATABASE_UNAVAILABLE/) })
      })
    expect(await bench.verify('full')).toMatchObject({ ok: true })
    await limit('audit', 1_000_000)
    await untilRunning()
    await bench.cleaner().run(order)
    expect((await bench.sequences())[0]).toBe(256)
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })
})

describe('when the disk of the operational database is full', () => {
  it('neither change nor entry is there, and later both', async () => {
    await fillUp('operational')
    const intent = big()
    await expect(bench.record([intent])).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
    expect(await entries(intent.id)).toBe(0)
    await limit('operational', 1_000_000)
    await bench.write([intent])
    expect(await entries(intent.id)).toBe(1)
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })
})
