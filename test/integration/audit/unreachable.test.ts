import { renameSync } from 'node:fs'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { newIntent, openBench } from '../../unit/server/audit/chain-bench.ts'
import type { Bench } from '../../unit/server/audit/chain-bench.ts'

let bench: Bench
afterEach(() => bench.close())

const fileOf = (): string => {
  const { audit } = bench.config
  if (audit.dialect !== 'sqlite') throw new Error('these tests are for SQLite')
  return audit.file
}
const own = async (): Promise<readonly string[]> => {
  const query = bench.databases.audit.db
    .selectFrom('entry')
    .select('intent_id')
    .where('object_type', '=', (eb) => eb.selectFrom('word').select('id').where('text', '=', 'holder'))
  return (await query.orderBy('sequence').execute()).map((row) => row.intent_id)
}

describe('when the audit database', () => {
  it('is locked by another process, changes are refused before they are made, until it is free again', async () => {
    const states: string[] = []
    bench = await openBench({ onState: ({ state, reason }) => states.push(`${state} ${reason}`) })
    const first = newIntent()
    await bench.write([first])
    await bench.sequencer.recover()

    const other = new Database(fileOf())
    other.exec('begin immediate')
    const second = newIntent()
    await bench.record([second])
    await expect(bench.sequencer.settle([second.id])).rejects.toMatchObject({
      code: 'AUDIT_CHAIN_UNWRITABLE',
      detail: { reason: 'DATABASE_BUSY' },
    })
    expect(() => bench.sequencer.assertWritable()).toThrow('AUDIT_CHAIN_UNWRITABLE')
    await expect(bench.sequencer.settle([second.id])).rejects.toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
    expect(bench.sequencer.state()).toMatchObject({ state: 'stopped', reason: 'DATABASE_BUSY' })

    other.exec('rollback')
    other.close()
    await expect.poll(() => bench.sequencer.state().state, { timeout: 10_000 }).toBe('running')
    bench.sequencer.assertWritable()
    await bench.sequencer.settle([second.id])
    expect(await own()).toEqual([first.id, second.id])
    expect(states).toEqual(['running null', 'stopped DATABASE_BUSY', 'running null'])
    expect(await bench.verify()).toMatchObject({ ok: true })
  })

  it('has lost its tables and has them back, what was recorded in between comes in order', async () => {
    bench = await openBench()
    await bench.sequencer.recover()
    const other = new Database(fileOf())
    other.exec('alter table entry rename to entry_gone')
    const intents = [newIntent(), newIntent()]
    await bench.record(intents)
    await expect(bench.sequencer.settle(intents.map((intent) => intent.id))).rejects.toMatchObject({
      code: 'AUDIT_CHAIN_UNWRITABLE',
    })
    other.exec('alter table entry_gone rename to entry')
    other.close()
    await expect.poll(() => bench.sequencer.state().state, { timeout: 10_000 }).toBe('running')
    await bench.sequencer.settle(intents.map((intent) => intent.id))
    expect(await own()).toEqual(intents.map((intent) => intent.id))
    expect(await bench.verify()).toMatchObject({ ok: true })
  })

  it('was closed under the sequencer, the chain is stopped and nothing is lost', async () => {
    bench = await openBench()
    await bench.sequencer.recover()
    await bench.databases.audit.db.destroy()
    const intent = newIntent()
    await bench.record([intent])
    await expect(bench.sequencer.settle([intent.id])).rejects.toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
    const left = await bench.databases.operational.db.selectFrom('audit_intent').select('id').execute()
    expect(left).toEqual([{ id: intent.id }])
  })

  it('is gone at the start, it is never made anew', async () => {
    bench = await openBench()
    const { openDatabases } = await import('../../../server/db/open.ts')
    renameSync(fileOf(), `${fileOf()}.away`)
    await expect(openDatabases(bench.config)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      detail: { reason: 'database-missing', database: 'audit' },
    })
    renameSync(`${fileOf()}.away`, fileOf())
  })
})
