import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FAULT_POINTS } from '../../../server/audit/faults.ts'
import { ROLLOVER_FAULTS } from '../../../server/audit/key-rollover.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import { planRollover } from '../../../server/audit/key-rollover.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { CHAIN, newIntent } from '../../unit/server/audit/chain-bench.ts'
import { openRolling, prepareRolling, type Rolling } from './rollover-bench.ts'

const root = mkdtempSync(join(tmpdir(), 'countersign-rollover-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const POINTS = [
  ...ROLLOVER_FAULTS,
  ...FAULT_POINTS.filter((point) => point.includes('append') || point.includes('commit')),
]

/** Ids of what it told of as written. */
const runUntilKilled = (folder: string, point: string): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'rollover-worker.ts'), folder, point])
    let [out, errors] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.on('close', (_code, signal) => {
      if (signal === 'SIGKILL') resolve(out.split('\n').slice(0, -1))
      else reject(new Error(`not killed: ${errors}`))
    })
  })

const settings = async ({ databases }: Rolling): Promise<readonly string[]> =>
  (await databases.operational.db.selectFrom('setting').select('name').execute()).map((row) => row.name).toSorted()
const told = async ({ databases }: Rolling): Promise<readonly string[]> => {
  const query = databases.audit.db.selectFrom('entry').innerJoin('word', 'word.id', 'entry.object_type')
  const rows = await query.where('word.text', '=', 'setting').select('entry.object_id').execute()
  return rows.map((row) => row.object_id).toSorted()
}
const inForce = async ({ databases }: Rolling) => (await planRollover(databases.audit.db, CHAIN))?.inForce.label

describe.each(POINTS)('when the process is killed while the key of a running chain is rolled over: %s', (point) => {
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(root, 'case-'))
    await prepareRolling(folder)
  })

  it('the next start has one key in force, every change its entry, and the same job ends it', async () => {
    const settled = await runUntilKilled(folder, point)
    const bench = await openRolling(folder)
    try {
      expect(settled.length).toBeGreaterThan(0)
      const changes = await settings(bench)
      expect(await told(bench)).toEqual(changes)
      for (const id of settled) expect(changes).toContain(id)
      expect(await bench.verify()).toMatchObject({ ok: true })
      await bench.roll()
      expect(await inForce(bench)).toBe('audit.chain.2')
      expect(bench.adopted().label).toBe('audit.chain.2')
      expect(await bench.keys.has('audit.chain.3')).toBe(false)
      await bench.roll()
      expect(await bench.verify()).toMatchObject({ ok: true })
    } finally {
      await bench.close()
    }
  })
})

describe.each(POINTS)('when a roll-over fails once in a server that goes on: %s', (point) => {
  it('the next attempt ends it, the chain goes on, and nothing is written twice', async () => {
    const folder = mkdtempSync(join(root, 'case-'))
    await prepareRolling(folder)
    let [isRolling, isFailed] = [false, false]
    const faults = (at: string): Promise<void> => {
      if (at === 'before-key') isRolling = true
      if (!isRolling || isFailed || at !== point) return Promise.resolve()
      isFailed = true
      return Promise.reject(new Error('the answer is lost'))
    }
    const bench = await openRolling(folder, faults, { retryMs: 5 })
    const write = async (): Promise<void> => {
      const intent = newIntent()
      await inTransaction(bench.databases.operational.db, (trx) => recordIntent(trx, intent))
      await bench.sequencer.settle([intent.id])
    }
    try {
      await write()
      await expect(bench.roll()).rejects.toThrow('the answer is lost')
      await bench.roll()
      await write()
      expect(bench.sequencer.state()).toMatchObject({ state: 'running' })
      expect(await inForce(bench)).toBe('audit.chain.2')
      expect(bench.adopted().label).toBe('audit.chain.2')
      expect(await bench.verify()).toMatchObject({ ok: true })
    } finally {
      await bench.close()
    }
  })
})
