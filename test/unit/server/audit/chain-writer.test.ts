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

/** What the key store was asked, and what stops it before it answers. */
const asked = { count: 0, before: (): void | Promise<void> => undefined }

const open = async (options: Partial<ChainWriterOptions> = {}): Promise<void> => {
  bench = await openBench({}, { start: false })
  const sign = async (data: Uint8Array): Promise<Uint8Array> => {
    asked.count += 1
    await asked.before()
    return bench.signer.sign(data)
  }
  const signer = { ...bench.signer, sign }
  writer = new ChainWriter(bench.databases.audit, { chain: CHAIN, mode: 'epoch', signer, ...options })
  await writer.open()
}
beforeEach(() => {
  seal.mockClear()
  asked.count = 0
  asked.before = () => undefined
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
  for (const batch of await Promise.all(making)) {
    expect(batch?.draft.tree.size).toBe((batch?.draft.sequence ?? 0) + 1)
    if (batch) await writer.store(batch)
  }
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
/** No key may be asked, and no place be taken, for what follows something that failed. */
const failAll = async (batches: readonly (readonly AuditIntent[])[]): Promise<void> => {
  const making = batches.map((intents) => writer.make(intents))
  for (const one of await Promise.allSettled(making)) expect(one.status).toBe('rejected')
  writer.forget()
}
/** One that no entry can be made of. */
const refused = (): AuditIntent => newIntent({ tenant: 'x'.repeat(500) })

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

  it.each([
    ['hsm', 'the first signature', 1],
    ['epoch', 'an endorsement', 1],
    ['epoch', 'the announcement', 2],
  ] as const)(
    '%s: fail with it where the key store refuses %s, and ask it for nothing more',
    async (mode, _, place) => {
      await open({ mode })
      asked.before = () => {
        if (asked.count === place) throw new AppError('CHAIN_KEY_UNUSABLE', { reason: 'planned' })
      }
      await failAll([intentsOf(3), intentsOf(20), intentsOf(1)])
      expect(asked.count).toBe(place)
      const all = await makeAhead([3, 20])
      expect(await storedIntents()).toEqual(all.map(({ id }) => id))
      expect(await bench.verify('full')).toMatchObject({ ok: true })
    },
  )

  it('fail where one before is refused, though what that follows is made', async () => {
    await open()
    const all = [...(await untilFollowed())]
    const first = intentsOf(20)
    const making = [first, [...intentsOf(19), refused()], intentsOf(20)].map((intents) => writer.make(intents))
    const [made, ...failed] = await Promise.allSettled(making)
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    if (made?.status !== 'fulfilled' || !made.value) throw new Error('nothing made')
    await writer.store(made.value)
    writer.forget()
    all.push(...first, ...(await makeAhead([20, 20])))
    expect(await storedIntents()).toEqual(all.map(({ id }) => id))
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })

  it('do not read the chain for what was remembered before it was forgotten', async () => {
    await open()
    const held = Promise.withResolvers<void>()
    asked.before = () => held.promise
    const old = Promise.allSettled([writer.make(intentsOf(2)), writer.make(intentsOf(2))])
    for (let turn = 0; turn < 5; turn += 1) await nextTurn()
    writer.forget()
    asked.before = () => undefined
    const given = [intentsOf(3), intentsOf(3)]
    const making = writer.make(given[0] ?? [])
    // Long enough for the new to be read, short enough for it not to be made.
    for (let tick = 0; tick < 40; tick += 1) await Promise.resolve()
    held.reject(new Error('late'))
    const first = await making
    if (first) await writer.store(first)
    const second = await writer.make(given[1] ?? [])
    await old
    if (second) await writer.store(second)
    expect(await storedIntents()).toEqual(given.flat().map(({ id }) => id))
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })
})
