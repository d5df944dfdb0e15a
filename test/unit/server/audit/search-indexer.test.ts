import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { countBehind } from '../../../../server/db/repositories/audit-entries.ts'
import { countUnsearched } from '../../../../server/db/repositories/audit-search.ts'
import { CHAIN, newIntent, openBench } from './chain-bench.ts'
import type { Bench } from './chain-bench.ts'

let bench: Bench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(() => bench.close())

const append = async (count: number): Promise<void> => {
  await bench.sequencer.append(Array.from({ length: count }, () => newIntent()))
}
const left = async (): Promise<number> => {
  const { db } = bench.databases.audit
  return (await countBehind(db)) + (await countUnsearched(db, CHAIN))
}
const caughtUp = () => vi.waitFor(async () => expect(await left()).toBe(0), { timeout: 15_000, interval: 20 })
const fileBytes = (): number => statSync(join(bench.folder, 'audit.db')).size

describe('what fills lists and full text behind the chain', () => {
  it('takes in what comes while it is at work, also when nothing comes after', async () => {
    await append(300)
    while ((await left()) > 500) await breathe()
    await append(3)
    await caughtUp()
  })

  it('copies the log into the database when much was taken in, so that no writer has to wait for it', async () => {
    await append(100)
    await caughtUp()
    const before = fileBytes()
    await append(1200)
    await caughtUp()
    await vi.waitFor(() => expect(fileBytes()).toBeGreaterThan(before + 1_000_000), { timeout: 5000 })
    expect(await bench.verify()).toMatchObject({ ok: true })
  })
})
