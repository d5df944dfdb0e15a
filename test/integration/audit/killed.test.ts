import { spawn } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChain } from '../../../server/audit/chain-writer.ts'
import { FAULT_POINTS } from '../../../server/audit/faults.ts'
import type { AuditSigner } from '../../../server/audit/ports.ts'
import { Sequencer } from '../../../server/audit/sequencer.ts'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../../server/db/open.ts'
import type { Databases } from '../../../server/db/open.ts'
import { CHAIN, newConfig, verifyDatabase } from '../../unit/server/audit/chain-bench.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-killed-'))
const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })
const privateKey = createPrivateKey(pem)
const spki = Uint8Array.from(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }))
const signer: AuditSigner = {
  label: 'audit',
  algorithm: 'ed25519',
  kind: 'software',
  publicKeySpki: () => spki,
  sign: (data) => Promise.resolve(Uint8Array.from(sign(null, data, privateKey))),
}
const config = newConfig(folder)

beforeAll(async () => {
  writeFileSync(join(folder, 'key.pem'), pem, { mode: 0o600 })
  await createOperationalDatabase(config.operational)
  await createAuditDatabase(config.audit)
  const databases = await openDatabases(config)
  await createChain(databases.audit, { chain: CHAIN, signer })
  await databases.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the writer until it kills itself at `point`, or is killed once it has told of `told` settled changes. */
const runUntilKilled = (point: string, after: number, told: number): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, 'killed-writer.ts')
    const child = spawn(process.execPath, [script, folder, point, String(after)], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (told > 0 && out.split('\n').length > told + 1) child.kill('SIGKILL')
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.on('close', (_code, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(`the writer ended by itself: ${errors}`))
      // The last line may be cut.
      return resolve(
        out
          .split('\n')
          .slice(0, -1)
          .filter((line) => line !== 'started'),
      )
    })
  })

const settledBefore = new Set<string>()
const toldBefore = new Set<string>()
const TOLD = 'told '

/** After a restart: every change has its entry, once; every change told of is there; the chain is whole. */
const expectWhole = async (databases: Databases, told: readonly string[]): Promise<void> => {
  const settings = await databases.operational.db.selectFrom('setting').select('name').execute()
  const changes = settings.map((row) => row.name).sort()
  const objectsOf = async (type: string): Promise<readonly string[]> => {
    const rows = await databases.audit.db
      .selectFrom('entry')
      .select('object_id')
      .where('object_type', '=', (eb) => eb.selectFrom('word').select('id').where('text', '=', type))
      .execute()
    return rows.map((row) => row.object_id).sort()
  }
  expect(await objectsOf('setting')).toEqual(changes)
  for (const line of told) {
    if (line.startsWith(TOLD)) toldBefore.add(line.slice(TOLD.length))
    else settledBefore.add(line)
  }
  const appended = await objectsOf('route')
  expect(new Set(appended).size).toBe(appended.length)
  const kept = new Set(appended)
  for (const id of toldBefore) expect(kept.has(id)).toBe(true)
  for (const id of settledBefore) expect(changes).toContain(id)
  expect(await databases.operational.db.selectFrom('audit_intent').select('id').execute()).toEqual([])
  expect(await verifyDatabase(databases, signer, 'full')).toMatchObject({ ok: true })
  expect(await verifyDatabase(databases, signer, 'quick')).toMatchObject({ ok: true })
}

/** Under load, after so many changes told, at whatever place that finds the process: 500 in the soak run. */
const RANDOM_KILLS = process.env['SOAK'] === '1' ? 500 : 20

const KILLS: readonly (readonly [string, number, number])[] = [
  ...FAULT_POINTS.flatMap((point) => [[point, 1, 0] as const, [point, 6, 0] as const]),
  ...Array.from({ length: RANDOM_KILLS }, () => ['under load', 0, 1 + Math.floor(Math.random() * 60)] as const),
]

describe('when the process is killed (SIGKILL)', () => {
  it.each(KILLS)(
    '%s (after %i, told %i): change and entry stand together, exactly once',
    async (point, after, told) => {
      const settled = await runUntilKilled(point, after, told)
      const databases = await openDatabases(config)
      const sequencer = new Sequencer({ ...databases, chain: CHAIN, mode: 'epoch', signer })
      await sequencer.start()
      await sequencer.close()
      try {
        await expectWhole(databases, settled)
      } finally {
        await databases.close()
      }
    },
  )
})
