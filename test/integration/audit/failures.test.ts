import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHECKPOINT_FAULTS } from '../../../server/audit/checkpoint-ports.ts'
import { CLEANING_FAULTS } from '../../../server/audit/cleaning.ts'
import { ERASURE_FAULTS } from '../../../server/audit/erasure.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import { newIntent } from '../../unit/server/audit/chain-bench.ts'
import { CUT, ERASED_NAME, openPrepared, pemSigner, prepare } from './failures-bench.ts'
import type { Prepared } from './failures-bench.ts'

/** The failure table: killed (SIGKILL) before and after each write of cleaning, erasing, roll-over and checkpoint. */
const root = mkdtempSync(join(tmpdir(), 'countersign-failures-'))
const template = join(root, 'template')
beforeAll(async () => {
  mkdirSync(template)
  await prepare(template)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const copy = (): string => {
  const folder = mkdtempSync(join(root, 'case-'))
  cpSync(template, folder, { recursive: true })
  // A copy is open to the group, which the key store refuses.
  chmodSync(join(folder, 'keys'), 0o700)
  return folder
}
const runUntilKilled = (folder: string, action: string, point: string, after: number): Promise<string | null> =>
  new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, 'failures-worker.ts')
    const args = [script, folder, action, point, String(after)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let told = ''
    child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()))
    child.on('close', (code, signal) => {
      if (code !== 0 && signal === null) reject(new Error(told))
      else resolve(signal)
    })
  })

const expectWhole = async (bench: Prepared): Promise<void> => {
  expect(await bench.verify()).toMatchObject({ ok: true })
  expect(await bench.databases.operational.db.selectFrom('audit_intent').select('id').execute()).toEqual([])
  const intent = newIntent()
  await inTransaction(bench.databases.operational.db, (trx) => recordIntent(trx, intent))
  await bench.sequencer.settle([intent.id])
}
const sequences = async ({ databases }: Prepared) =>
  (await databases.audit.db.selectFrom('entry').select('sequence').orderBy('sequence').execute()).map(
    (row) => row.sequence,
  )
const erased = async ({ databases }: Prepared) =>
  (await databases.audit.db.selectFrom('payload').select('sequence').where('bytes', 'is', null).execute()).length
const holds = (folder: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.includes('.db'))
    .filter((file) => readFileSync(join(folder, file)).includes(ERASED_NAME))

const afterwards = async (folder: string, check: (bench: Prepared) => Promise<void>): Promise<void> => {
  const bench = await openPrepared(folder)
  try {
    await expectWhole(bench)
    await check(bench)
    await expectWhole(bench)
  } finally {
    await bench.close()
  }
}

describe('when the process is killed while it cleans', () => {
  it.each(CLEANING_FAULTS.flatMap((point) => [[point, 0] as const, [point, 1] as const]))(
    '%s (after %i steps): the chain verifies from its cut, and cleaning ends it',
    async (point, after) => {
      const folder = copy()
      expect(await runUntilKilled(folder, 'clean', point, after)).toBe('SIGKILL')
      await afterwards(folder, async (bench) => {
        expect((await sequences(bench))[0]).toBe(point === 'after-cut' ? (after + 1) * 100 : after * 100)
        await bench.clean()
        expect((await sequences(bench))[0]).toBe(CUT)
      })
    },
  )
})

describe('when the process is killed while it erases', () => {
  it.each<readonly [string, number]>([...ERASURE_FAULTS.map((point) => [point, 0] as const), ['inside-erasure', 5]])(
    '%s (after %i ranges): what is erased has its tombstone, and erasing ends it',
    async (point, after) => {
      const folder = copy()
      expect(await runUntilKilled(folder, 'erase', point, after)).toBe('SIGKILL')
      await afterwards(folder, async (bench) => {
        await bench.erase()
        expect(await erased(bench)).toBe(12)
        const tombs = (await bench.verify()) as { payloadsErased?: number }
        expect(tombs.payloadsErased).toBe(12)
      })
      expect(holds(folder)).toEqual([])
    },
  )
})

describe('when the process is killed while the key is rolled over', () => {
  it.each(['before-append', 'inside-append', 'before-commit', 'after-append'])(
    '%s: one key is in force, and the chain goes on with it',
    async (point) => {
      const folder = copy()
      expect(await runUntilKilled(folder, 'roll', point, 0)).toBe('SIGKILL')
      const isDone = point === 'after-append'
      await afterwards(folder, async (bench) => {
        expect(bench.signer.label).toBe(isDone ? 'key-2.pem' : 'key.pem')
        if (!isDone) await bench.sequencer.rollTo(pemSigner(folder, 'key-2.pem'))
      })
    },
  )
})

describe('when the process is killed while a checkpoint is made', () => {
  it.each(CHECKPOINT_FAULTS)('%s: the chain is whole, and the next one is made', async (point) => {
    const folder = copy()
    expect(await runUntilKilled(folder, 'checkpoint', point, 0)).toBe('SIGKILL')
    await afterwards(folder, () => Promise.resolve())
    expect(await runUntilKilled(folder, 'checkpoint', 'never', 0)).toBeNull()
    await afterwards(folder, async ({ databases }) => {
      const made = await databases.audit.db.selectFrom('checkpoint').select('size').execute()
      expect(made.length).toBeGreaterThanOrEqual(1)
    })
  })
})
