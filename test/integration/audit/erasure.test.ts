import { afterEach, describe, expect, it } from 'vitest'
import { newIntent, openBench } from '../../unit/server/audit/chain-bench.ts'
import type { Json } from '../../../shared/audit/json.ts'
import type { Bench } from '../../unit/server/audit/chain-bench.ts'

const AT = 1_760_000_000_000
let bench: Bench
afterEach(() => bench.close())

/** Takes payloads out as an erasure does; the tombstone is written by the caller. */
const erase = async (...sequences: readonly number[]): Promise<void> => {
  await bench.databases.audit.db
    .updateTable('payload')
    .set({ bytes: null, salt: new Uint8Array(0), erased_at: AT, erased_by: 'operator-1', erased_rule: 'retention' })
    .where('sequence', 'in', sequences)
    .execute()
}
const MARKS = { by: 'operator-1', rule: 'retention' }
const tombstone = (id: string, after: Json = MARKS, at = AT) =>
  newIntent({ at, action: 'Deletion', object: { type: 'audit-payload', id }, after })

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

  it.each<readonly [string, ReturnType<typeof tombstone>, string]>([
    ['another person', tombstone('3-4', { ...MARKS, by: 'operator-2' }), 'erased_by'],
    ['another rule', tombstone('3-4', { ...MARKS, rule: 'retention-end' }), 'erased_rule'],
    ['another time', tombstone('3-4', MARKS, AT - 1), 'erased_at'],
    ['nobody', tombstone('3-4', null), 'erased'],
    ['nobody by a name', tombstone('3-4', { by: 7, rule: '' }), 'erased'],
  ])('do not pass where the tombstone says %s', async (_, told, what) => {
    bench = await openBench({ epochEntries: 4 })
    await bench.write(Array.from({ length: 8 }, () => newIntent()))
    await erase(3, 4)
    await bench.write([told])
    expect(await bench.verify(mode)).toMatchObject({ ok: false, kind: 'payload-mismatch', sequence: 3, what })
  })

  it('pass where one tombstone of two is the one: another erasure came to nothing', async () => {
    bench = await openBench({ epochEntries: 4 })
    await bench.write(Array.from({ length: 8 }, () => newIntent()))
    await erase(3, 4)
    await bench.write([tombstone('2-5', { ...MARKS, by: 'operator-2' }), newIntent(), tombstone('3-4'), newIntent()])
    expect(await bench.verify(mode)).toMatchObject({ ok: true, payloadsErased: 2 })
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
