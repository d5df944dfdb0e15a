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

interface Kill {
  /** The fault point at which the writer kills itself, or where a random kill finds it. */
  readonly where: string
  /** How often it passes the fault point before. */
  readonly after: number
  /** Killed once it has told of so many settled changes; null for a fault point. */
  readonly told: number | null
  /** How long after that, in ms. */
  readonly delayMs: number
}
const UNDER_LOAD = 'under load'
/** In the drain of what the writer killed just before left. */
const STARTING = 'starting again'

/** Runs the writer until it kills itself, or is killed. Gives what it told of. */
const runUntilKilled = ({ where, after, told, delayMs }: Kill): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, 'killed-writer.ts')
    const child = spawn(process.execPath, [script, folder, where, String(after)], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let errors = ''
    let isCondemned = false
    const spoken = where === STARTING ? ['opening'] : ['opening', 'started']
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (told === null || isCondemned || out.split('\n').length <= spoken.length + told) return
      isCondemned = true
      setTimeout(() => child.kill('SIGKILL'), delayMs)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.on('close', (_code, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(`the writer ended by itself: ${errors}`))
      // The last line may be cut.
      const lines = out.split('\n').slice(0, -1)
      return resolve(lines.filter((line) => line !== 'opening' && line !== 'started'))
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

/** At whatever place that finds the process: 500 in the soak run, or SOAK_KILLS of them. */
const RANDOM_KILLS = process.env['SOAK'] === '1' ? Number(process.env['SOAK_KILLS'] ?? 500) : 20
/** Which moments; KILL_SEED takes those of an earlier run. */
const SEED = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
/** mulberry32, from 0 up to 1. */
const randomOf = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
const random = randomOf(SEED)
const DELAY_MS = 25

const anyKill = (place: number): Kill =>
  place % 4 === 3
    ? { where: STARTING, after: 0, told: 0, delayMs: Math.floor(random() * DELAY_MS) }
    : { where: UNDER_LOAD, after: 0, told: 1 + Math.floor(random() * 60), delayMs: Math.floor(random() * DELAY_MS) }

const KILLS: readonly Kill[] = [
  ...FAULT_POINTS.flatMap((where) => [1, 6].map((after) => ({ where, after, told: null, delayMs: 0 }))),
  ...Array.from({ length: RANDOM_KILLS }, (_, place) => anyKill(place)),
]

describe(`when the process is killed (SIGKILL; seed ${SEED})`, () => {
  it.each(KILLS)(
    '$where (after $after, told $told, $delayMs ms later): change and entry stand together, exactly once',
    async (kill) => {
      const before = kill.where === STARTING ? await runUntilKilled(anyKill(0)) : []
      const settled = [...before, ...(await runUntilKilled(kill))]
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
