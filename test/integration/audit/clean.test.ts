import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CLEANING_FAULTS } from '../../../server/audit/cleaning.ts'
import { Sequencer } from '../../../server/audit/sequencer.ts'
import { AppError } from '../../../shared/contract/errors.ts'
import { CHAIN, newIntent, newSigner } from '../../unit/server/audit/chain-bench.ts'
import { MONTH_MS, NOW, openRetention } from './retention-bench.ts'
import type { RetentionBench } from './retention-bench.ts'

let bench: RetentionBench
beforeEach(async () => {
  bench = await openRetention()
})
afterEach(() => bench.close())

const order = { by: 'operator-1', rule: 'window' }
const old = NOW - 30 * MONTH_MS
const expectWhole = async () => {
  expect(await bench.verify('full')).toMatchObject({ ok: true })
  expect(await bench.verify('quick')).toMatchObject({ ok: true })
}

describe('when a chain is cleaned', () => {
  it('what the plan counted is gone, and what stays verifies, step by step', async () => {
    await bench.fill(600, old)
    await bench.fill(30, NOW)
    const plan = await bench.plan()
    expect(plan).toMatchObject({ verdict: 'ready', cut: 512, entries: 512, heldBy: null })
    expect(plan.bytes).toBeGreaterThan(512 * 300)
    const steps: unknown[] = []
    const faults = async (point: string) => {
      if (point === 'after-cut') steps.push(await bench.verify('full'))
    }
    await bench.cleaner({ faults }).run({ ...order, cut: plan.cut })
    expect(steps).toHaveLength(2)
    for (const step of steps) expect(step).toMatchObject({ ok: true })
    expect((await bench.sequences())[0]).toBe(512)
    await expectWhole()
    const payloads = await bench.databases.audit.db.selectFrom('payload').select('sequence').execute()
    expect(payloads.every((row) => row.sequence >= 512)).toBe(true)
    expect(await bench.plan()).toMatchObject({ verdict: 'nothing-old-enough', entries: 0 })
  })

  it('goes on being written and restarted behind the cut, also into the next cut and another key', async () => {
    await bench.fill(520, old)
    await bench.cleaner().run({ ...order, cut: 512 })
    await bench.fill(50, NOW)
    await bench.sequencer.close()
    const next = new Sequencer({ ...bench.databases, chain: CHAIN, mode: 'epoch', signer: bench.signer })
    await next.start()
    const other = newSigner('audit-2')
    await next.rollTo(other)
    await next.close()
    const third = new Sequencer({ ...bench.databases, chain: CHAIN, mode: 'hsm', signer: other })
    await third.start()
    expect(third.state()).toMatchObject({ state: 'running' })
    await third.close()
    await expectWhole()
  })

  it('the words of what is gone are gone, what stays is found', async () => {
    await bench.fill(600, old, () => ({ after: { givenNames: 'Quintilla' } }))
    await bench.fill(10, NOW, () => ({ after: { givenNames: 'Remaining' } }))
    await bench.cleaner().run({ ...order, cut: 512 })
    const rows = await bench.databases.audit.db.selectFrom('entry_search').select('rowid').execute()
    expect(rows.length).toBeLessThanOrEqual((await bench.sequences()).length)
  })

  it('others write while it runs', async () => {
    await bench.fill(600, old)
    const cleaning = bench.cleaner({ step: 100 }).run({ ...order, cut: 512 })
    const waits: number[] = []
    const progress = { isOver: false }
    const done = cleaning.finally(() => {
      progress.isOver = true
    })
    while (!progress.isOver) {
      const from = performance.now()
      await bench.write([newIntent({ at: NOW })])
      waits.push(performance.now() - from)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await done
    expect(waits.length).toBeGreaterThan(5)
    await expectWhole()
  })

  it('is refused where what would be deleted does not verify', async () => {
    await bench.fill(600, old)
    await bench.databases.audit.db.updateTable('entry').set({ at: 1 }).where('sequence', '=', 100).execute()
    await expect(bench.cleaner().run({ ...order, cut: 512 })).rejects.toMatchObject({ code: 'CHAIN_CONFLICT' })
    expect((await bench.sequences())[0]).toBe(0)
  })

  it('is refused where the server may only add', async () => {
    const cleaner = bench.cleaner({ maintenance: null })
    await expect(cleaner.run({ ...order, cut: 512 })).rejects.toMatchObject({ code: 'AUDIT_MAINTENANCE_MISSING' })
  })

  it('stops between two steps when asked to', async () => {
    await bench.fill(600, old)
    const stop = new AbortController()
    const faults = (point: string) => Promise.resolve(point === 'after-cut' ? stop.abort() : undefined)
    await expect(bench.cleaner({ faults }).run({ ...order, cut: 512, signal: stop.signal })).rejects.toBeDefined()
    expect((await bench.sequences())[0]).toBe(256)
    await expectWhole()
  })
})

describe('when cleaning fails in the middle', () => {
  it.each(CLEANING_FAULTS.flatMap((point) => [[point, 0] as const, [point, 1] as const]))(
    'at %s (after %i steps) the chain is whole, and the next run ends it',
    async (point, after) => {
      await bench.fill(260, old)
      let left = after
      const faults = (at: string) => {
        if (at === point) left -= 1
        return left < 0 ? Promise.reject(new AppError('DATABASE_UNAVAILABLE')) : Promise.resolve()
      }
      await expect(bench.cleaner({ faults, step: 100 }).run({ ...order, cut: 256 })).rejects.toBeDefined()
      expect(await bench.verify('full')).toMatchObject({ ok: true })
      await bench.cleaner().run({ ...order, cut: 256 })
      expect((await bench.sequences())[0]).toBe(256)
      expect(await bench.verify('quick')).toMatchObject({ ok: true })
    },
  )
})
