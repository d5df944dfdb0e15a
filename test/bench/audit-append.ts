import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Sequencer } from '../../server/audit/sequencer.ts'
import type { AuditSigner, ChainKeyMode } from '../../server/audit/ports.ts'
import type { Databases } from '../../server/db/open.ts'
import { Changes } from '../../server/services/change.ts'
import { CHAIN, auditSigner, makeDatabases, openKeys } from './audit-instance.ts'
import { cacheFolder } from './audit-database.ts'
import { sampleOf } from './audit-sample.ts'
import type { Sample } from './audit-sample.ts'
import { median, round, type Figure } from './figure.ts'
import { appendToHypercore, ensureHypercore } from './hypercore.ts'

export const WRITERS = 64
const APPENDS = 6400
const ROUNDS = 5
const HYPERCORE_APPENDS = 1500
/** Canonical bytes, payload and signature of the sample's middle entry. */
const ROW = { bytes: 760, payload: 420, signature: 64 }

export interface Load {
  readonly perSecond: number
  readonly p99Ms: number
}

/** 64 writers, each telling of one change after another through the services' own way, told when it is durable. */
export const loadChanges = async (changes: Changes, sample: Sample, appends = APPENDS): Promise<Load> => {
  const todo = Array.from({ length: appends }, () => sample.next())
  const latencies: number[] = []
  const started = performance.now()
  const write = async (): Promise<void> => {
    for (let intent = todo.pop(); intent !== undefined; intent = todo.pop()) {
      const from = performance.now()
      const { tenant, operator, station, correlationId, at, action, object, before, after, reason } = intent
      const place = { division: intent.division ?? null, office: intent.office ?? null } as never
      const told = { action, object: object as never, before, after, reason, place }
      await changes.as({ tenant, operator, station, correlationId, at }, (_trx, tell) => tell(told))
      latencies.push(performance.now() - from)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, write))
  const seconds = (performance.now() - started) / 1000
  latencies.sort((left, right) => left - right)
  return { perSecond: appends / seconds, p99Ms: latencies[Math.floor(latencies.length * 0.99)]! }
}

const rawSigns = (count = 3000): number => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const data = randomBytes(ROW.bytes)
  const started = performance.now()
  for (let done = 0; done < count; done += 1) sign(null, data, privateKey)
  return (count * 1000) / (performance.now() - started)
}

/** As many rows in one durable transaction as there are writers. */
const rawInserts = (groups = 200): number => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-raw-'))
  const db = new Database(join(folder, 'raw.db'))
  try {
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.exec('create table row (id integer primary key, sequence integer, bytes blob, payload blob, signature blob)')
    const insert = db.prepare('insert into row (sequence, bytes, payload, signature) values (?, ?, ?, ?)')
    const [bytes, payload, signature] = [randomBytes(ROW.bytes), randomBytes(ROW.payload), randomBytes(ROW.signature)]
    const started = performance.now()
    for (let group = 0; group < groups; group += 1) {
      db.exec('begin immediate')
      for (let row = 0; row < WRITERS; row += 1) insert.run(group * WRITERS + row, bytes, payload, signature)
      db.exec('commit')
    }
    return (groups * WRITERS * 1000) / (performance.now() - started)
  } finally {
    db.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Writing {
  readonly changes: Changes
  readonly databases: Databases
  close(): Promise<void>
}

export const startWriting = async (
  databases: Databases,
  signer: AuditSigner,
  mode: ChainKeyMode = 'epoch',
): Promise<Writing> => {
  const { operational, audit } = databases
  const sequencer = new Sequencer({ operational, audit, chain: CHAIN, mode, signer })
  await sequencer.start()
  return {
    databases,
    changes: new Changes(operational.db, sequencer),
    close: async () => {
      await sequencer.close()
      await databases.close()
    },
  }
}

/** 64 writers in both key modes, against what signing alone and storing alone would give, and beside hypercore. */
export async function* benchAuditAppend(): AsyncIterable<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const keys = await openKeys(cacheFolder())
  try {
    const signer = await auditSigner(keys)
    const sample = sampleOf(1, Date.UTC(2026, 0, 1))
    const epoch = await startWriting(await makeDatabases(join(folder, 'epoch'), signer), signer)
    const hsm = await startWriting(await makeDatabases(join(folder, 'hsm'), signer), signer, 'hsm')
    const hasHypercore = ensureHypercore()
    await loadChanges(epoch.changes, sample)
    await loadChanges(hsm.changes, sample, APPENDS / 2)
    const runs: { epoch: Load; hsm: Load; signs: number; inserts: number; hypercore: number }[] = []
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      const [signs, inserts] = [rawSigns(), rawInserts()]
      const ours = await loadChanges(epoch.changes, sample)
      const hypercore = hasHypercore ? await appendToHypercore(HYPERCORE_APPENDS, ROW.bytes + ROW.payload) : 0
      runs.push({ epoch: ours, hsm: await loadChanges(hsm.changes, sample, APPENDS / 2), signs, inserts, hypercore })
    }
    await epoch.close()
    await hsm.close()
    yield* figuresOf(runs, hasHypercore)
  } finally {
    await keys.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function* figuresOf(
  runs: readonly { epoch: Load; hsm: Load; signs: number; inserts: number; hypercore: number }[],
  hasHypercore: boolean,
): Iterable<Figure> {
  const of = (value: (run: (typeof runs)[number]) => number): number => median(runs.map(value))
  const [ours, signs, inserts] = [of((run) => run.epoch.perSecond), of((run) => run.signs), of((run) => run.inserts)]
  const least = Math.min(signs, inserts)
  const name = signs < inserts ? 'Ed25519 alone' : 'durable groups of rows alone'
  yield {
    name: 'audit.append.epoch',
    value: Math.round(ours),
    unit: '1/s',
    ratio: round(ours / least),
    against: `${name} (${Math.round(least)}/s)`,
    bar: { min: 0.6 },
  }
  const hsm = of((run) => run.hsm.perSecond)
  yield {
    name: 'audit.append.hsm',
    value: Math.round(hsm),
    unit: '1/s',
    ratio: round(hsm / ours),
    against: 'epoch mode',
    bar: null,
  }
  if (hasHypercore) {
    const hypercore = of((run) => run.hypercore)
    yield {
      name: 'audit.append.hypercore',
      value: Math.round(hypercore),
      unit: '1/s',
      ratio: round(ours / hypercore),
      against: `ours to its single appends`,
      bar: { min: 2 },
    }
  }
  yield {
    name: 'audit.append.p99',
    value: round(of((run) => run.epoch.p99Ms)),
    unit: 'ms',
    ratio: null,
    against: null,
    bar: { max: 50 },
  }
}
