import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { countBehind, listNext } from '../../../../server/db/repositories/audit-entries.ts'
import { listEntries } from '../../../../server/db/repositories/audit-list.ts'
import { newIntent, openBench } from '../audit/chain-bench.ts'

let bench: Awaited<ReturnType<typeof openBench>>
beforeEach(async () => {
  bench = await openBench()
  for (let round = 0; round < 6; round += 1) await bench.sequencer.append([newIntent()])
})
afterEach(() => bench.close())

const run = (statement: RawBuilder<unknown>) => statement.execute(bench.databases.audit.db)

/** An entry like that of a sequence, of an intent of its own, at a place and over the signature of another. */
const put = (sequence: number, over: number, chain = 'chain') =>
  run(sql`insert into entry (chain, sequence, at, tenant, division, office, operator_id, operator_role, station, action,
    object_type, key_id, object_id, correlation_id, intent_id, previous_signature, signature, bytes, listed)
    select ${sql.ref(chain)}, ${sequence}, at, tenant, division, office, operator_id, operator_role, station, action,
    object_type, key_id, object_id, correlation_id, 'another-' || ${sequence},
    (select substr(signature, -16) from entry where sequence = ${over}), zeroblob(64), bytes, 0
    from entry where sequence = 3`)

const refused = { code: 'REQUEST_CONFLICT' }

describe('the database itself takes an entry', () => {
  it.each([
    ['over an older entry than the last: a fork', 8, 4],
    ['over the last, at a place that is taken', 7, 7],
    ['over an older one, at a place that is taken', 5, 4],
    ['over the last, further on', 9, 7],
    ['before the chain begins', -1, 7],
  ])('not %s', async (_, sequence, over) => {
    await expect(put(sequence, over)).rejects.toMatchObject(refused)
  })

  it('not of another chain that lacks the one before', async () => {
    await expect(put(8, 7, 'intent_id')).rejects.toMatchObject(refused)
  })

  it('over the last, at the next place', async () => {
    await put(8, 7)
    await expect(put(9, 7)).rejects.toMatchObject(refused)
  })

  it('and none is moved, or signed again', async () => {
    for (const change of ['sequence = 20', `chain = 'x'`, `previous_signature = x'00'`, `signature = x'00'`])
      await expect(run(sql`update entry set ${sql.raw(change)} where sequence = 4`), change).rejects.toMatchObject(
        refused,
      )
  })

  it('once for each signature before, also where someone took the rule away', async () => {
    const { db } = bench.databases.audit
    while ((await listNext(db, 100)) > 0);
    await run(sql`drop trigger entry_follows`)
    await put(8, 4)
    await put(9, 7)
    // It stands in nobody's way, however few are taken at once, and stays where lists walk.
    expect(await listNext(db, 1)).toBe(1)
    expect(await listNext(db, 1)).toBe(1)
    expect(await listNext(db, 1)).toBe(0)
    expect(await countBehind(db)).toBe(0)
    const { rows } = await run(sql`select listed from entry where sequence > 6 order by sequence`)
    expect(rows).toEqual([{ listed: 1 }, { listed: 2 }, { listed: 1 }])
    const found = await listEntries(db, {}, { limit: 100 }, 'sqlite')
    expect(new Set(found.items.map((row) => row.sequence))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
    await expect(run(sql`update entry set listed = 1 where sequence = 8`)).rejects.toMatchObject(refused)
  })
})
