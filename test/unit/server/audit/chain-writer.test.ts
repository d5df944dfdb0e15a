import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ChainWriter } from '../../../../server/audit/chain-writer.ts'
import type { Batch, ChainWriterOptions } from '../../../../server/audit/chain-writer.ts'
import type { AuditIntent } from '../../../../server/audit/intent.ts'
import { LinkSealer } from '../../../../server/audit/link-sealer.ts'
import { KEY_OBJECT } from '../../../../shared/audit/marks.ts'
import { AppError } from '../../../../shared/contract/errors.ts'
import { CHAIN, newIntent, openBench } from './chain-bench.ts'
import type { Bench } from './chain-bench.ts'

let bench: Bench
let writer: ChainWriter
const seal = vi.spyOn(LinkSealer.prototype, 'seal')
afterAll(() => {
  seal.mockRestore()
})
const followed = (): number => seal.mock.calls.filter(([task]) => task.after === null).length

const open = async (options: Partial<ChainWriterOptions> = {}): Promise<void> => {
  bench = await openBench({}, { start: false })
  writer = new ChainWriter(bench.databases.audit, { chain: CHAIN, mode: 'epoch', signer: bench.signer, ...options })
  await writer.open()
}
beforeEach(() => {
  seal.mockClear()
})
afterEach(async () => {
  await writer.close()
  await bench.close()
})

const intentsOf = (count: number): readonly AuditIntent[] => Array.from({ length: count }, () => newIntent())

/** All are asked for before the first is there, and stored in order. */
const makeAhead = async (counts: readonly number[]): Promise<readonly AuditIntent[]> => {
  const given = counts.map(intentsOf)
  const making: readonly Promise<Batch | null>[] = given.map((intents) => writer.make(intents))
  for (const batch of await Promise.all(making)) if (batch) await writer.store(batch)
  // A database in this thread answers at once: without it no thread would ever be heard of.
  await nextTurn()
  return given.flat()
}

/** Until the thread that signs has come up and something was put behind what it is at. */
const untilFollowed = async (): Promise<readonly AuditIntent[]> => {
  const all: AuditIntent[] = []
  for (const end = performance.now() + 10_000; followed() === 0 && performance.now() < end;)
    all.push(...(await makeAhead([20, 20])))
  expect(followed()).toBeGreaterThan(0)
  return all
}
const storedIntents = async (): Promise<readonly string[]> => {
  const { db } = bench.databases.audit
  const rows = await db.selectFrom('entry').select('intent_id').orderBy('sequence').execute()
  return rows.map((row) => row.intent_id).filter((id) => !id.startsWith(`${KEY_OBJECT}:`))
}

describe('batches made before the batch before is signed', () => {
  it('stand in the order they were asked for, each over the one before', async () => {
    await open()
    const all = [...(await untilFollowed())]
    for (const counts of [[20, 20, 20, 20], [20, 3, 20], [3, 20, 1, 1, 20], [40]])
      all.push(...(await makeAhead(counts)))
    expect(await storedIntents()).toEqual(all.map(({ id }) => id))
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })

  it('go from one epoch to the next in the middle, or just between', async () => {
    await open({ epochEntries: 50 })
    const all = [...(await untilFollowed())]
    for (const counts of [
      [30, 30, 30],
      [25, 25, 25, 25],
      [120, 10, 10],
      [49, 1, 50],
    ])
      all.push(...(await makeAhead(counts)))
    expect(await storedIntents()).toEqual(all.map(({ id }) => id))
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })

  it('are signed one after the other where the key store signs each', async () => {
    await open({ mode: 'hsm' })
    const all = await makeAhead([20, 20, 5])
    expect(followed()).toBe(0)
    expect(await storedIntents()).toEqual(all.map(({ id }) => id))
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })

  it('fail with it, and leave nothing', async () => {
    await open()
    const all = [...(await untilFollowed())]
    seal.mockRejectedValueOnce(new AppError('CHAIN_KEY_UNUSABLE', { reason: 'thread' }))
    const making = [20, 20, 2].map((count) => writer.make(intentsOf(count)))
    for (const one of making) await expect(one).rejects.toMatchObject({ code: 'CHAIN_KEY_UNUSABLE' })
    writer.forget()
    all.push(...(await makeAhead([20, 20])))
    expect(await storedIntents()).toEqual(all.map(({ id }) => id))
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })

  it('fail where what they follow cannot be stored, and the chain goes on', async () => {
    await open()
    const all = [...(await untilFollowed())]
    const making = [20, 20].map((count) => writer.make(intentsOf(count)))
    const [, second] = await Promise.all(making)
    if (!second) throw new Error('nothing made')
    // Not the first: as if its commit had failed.
    await expect(writer.store(second)).rejects.toMatchObject({ code: 'CHAIN_CONFLICT' })
    writer.forget()
    all.push(...(await makeAhead([20, 20])))
    expect(await storedIntents()).toEqual(all.map(({ id }) => id))
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })
})
