import { afterEach, describe, expect, it } from 'vitest'
import { newIntent, openBench } from '../../unit/server/audit/chain-bench.ts'
import type { Bench } from '../../unit/server/audit/chain-bench.ts'

let bench: Bench
afterEach(() => bench.close())

/** Takes payloads out as an erasure does; the tombstone is written by the caller. */
const erase = async (...sequences: readonly number[]): Promise<void> => {
  await bench.databases.audit.db
    .updateTable('payload')
    .set({ bytes: null, erased_at: 1, erased_by: 'operator-1', erased_rule: 'retention' })
    .where('sequence', 'in', sequences)
    .execute()
}
const tombstone = (id: string) => newIntent({ action: 'Deletion', object: { type: 'audit-payload', id }, after: null })

describe.each(['full', 'quick'] as const)('erased payloads, verified %s', (mode) => {
  it('pass with their tombstone, by number or by range, also across epochs', async () => {
    bench = await openBench({ epochEntries: 4 })
    await bench.write(Array.from({ length: 10 }, () => newIntent()))
    await erase(3, 4, 5, 8)
    await bench.write([tombstone('3-5'), tombstone('8'), newIntent()])
    expect(await bench.verify(mode)).toMatchObject({ ok: true, payloadsErased: 4 })
  })

  it.each([
    ['no tombstone', 'elsewhere', 3],
    ['a tombstone of others', '4-9', 3],
    ['a tombstone for fewer', '3', 4],
    ['a tombstone that is no range', '3-', 3],
  ])('do not pass with %s', async (_, id, sequence) => {
    bench = await openBench({ epochEntries: 4 })
    await bench.write(Array.from({ length: 8 }, () => newIntent()))
    await erase(3, 4)
    await bench.write([id === 'elsewhere' ? newIntent() : tombstone(id)])
    expect(await bench.verify(mode)).toMatchObject({ ok: false, kind: 'payload-mismatch', sequence, what: 'erased' })
  })

  it('do not pass where the tombstone came before', async () => {
    bench = await openBench()
    await bench.write([newIntent(), tombstone('4'), newIntent(), newIntent()])
    await erase(4)
    expect(await bench.verify(mode)).toMatchObject({ ok: false, kind: 'payload-mismatch', sequence: 4 })
  })

  it('of announcements never pass: they hold what proves the chain', async () => {
    bench = await openBench()
    await bench.write([newIntent()])
    await erase(1)
    await bench.write([tombstone('1')])
    expect(await bench.verify(mode)).toMatchObject({ ok: false, sequence: 1, what: 'tree' })
  })
})
