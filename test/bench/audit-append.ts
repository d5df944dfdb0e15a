import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { Sequencer } from '../../server/audit/sequencer.ts'
import type { AuditIntent } from '../../server/audit/intent.ts'
import type { AuditSigner, ChainKeyMode } from '../../server/audit/ports.ts'
import type { Databases } from '../../server/db/open.ts'
import { countBehind } from '../../server/db/repositories/audit-entries.ts'
import { countUnsearched } from '../../server/db/repositories/audit-search.ts'
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
/** A server runs for weeks; what has run for a second is still being compiled. */
const WARM_UPS = 4
const HYPERCORE_APPENDS = 1500
/** Canonical bytes, payload and signature of the sample's middle entry. */
const ROW = { bytes: 760, payload: 420, signature: 64 }

export interface Load {
  readonly perSecond: number
  readonly p99Ms: number
}

type Write = (intent: AuditIntent) => Promise<unknown>

/** 64 writers, each with one entry after another, told when it is durable. */
const load = async (write: Write, sample: Sample, appends: number): Promise<Load> => {
  // Taken from the end, in the order of their times.
  const todo = Array.from({ length: appends }, () => sample.next()).reverse()
  const latencies: number[] = []
  const started = performance.now()
  const writer = async (): Promise<void> => {
    for (let intent = todo.pop(); intent !== undefined; intent = todo.pop()) {
      const from = performance.now()
      await write(intent)
      latencies.push(performance.now() - from)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
  const seconds = (performance.now() - started) / 1000
  latencies.sort((left, right) => left - right)
  return { perSecond: appends / seconds, p99Ms: latencies[Math.floor(latencies.length * 0.99)]! }
}

/** Entries alone, as an access event is written that changes nothing else: from an intent to a durable entry. */
export const loadAppends = ({ sequencer }: Writing, sample: Sample, appends = APPENDS): Promise<Load> =>
  load((intent) => sequencer.append([intent]), sample, appends)

/** The whole way of a change: a transaction with its intent in the operational database, then the entry, then told. */
export const loadChanges = ({ changes }: Writing, sample: Sample, appends = APPENDS): Promise<Load> =>
  load(
    (intent) => {
      const { tenant, operator, station, correlationId, at, action, object, before, after, reason } = intent
      const place = { division: intent.division ?? null, office: intent.office ?? null } as never
      const told = { action, object: object as never, before, after, reason, place }
      return changes.as({ tenant, operator, station, correlationId, at }, (_trx, tell) => tell(told))
    },
    sample,
    appends,
  )

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

export interface Writing {
  readonly changes: Changes
  readonly sequencer: Sequencer
  /** Waits until the indexes of lists and the full text hold every entry. */
  caughtUp(): Promise<void>
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
    sequencer,
    changes: new Changes(operational.db, sequencer),
    caughtUp: async () => {
      while ((await countBehind(audit.db)) > 0 || (await countUnsearched(audit.db, CHAIN)) > 0) await pause(20)
    },
    close: async () => {
      await sequencer.close()
      await databases.close()
    },
  }
}

interface Run {
  readonly epoch: Load
  /** Appends a second, until lists and full text hold them as well. */
  readonly indexed: number
  readonly change: Load
  readonly hsm: Load
  readonly signs: number
  readonly inserts: number
  readonly hypercore: number
}

/**
 * 64 writers in both key modes, against what signing alone and storing alone would give, and beside hypercore. Entries
 * are taken into lists and full text when nobody writes: that is waited for before anything else is measured.
 */
export async function* benchAuditAppend(): AsyncIterable<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const keys = await openKeys(cacheFolder())
  try {
    const signer = await auditSigner(keys)
    const sample = sampleOf(1, Date.UTC(2026, 0, 1))
    const epoch = await startWriting(await makeDatabases(join(folder, 'epoch'), signer), signer)
    const hsm = await startWriting(await makeDatabases(join(folder, 'hsm'), signer), signer, 'hsm')
    const hasHypercore = ensureHypercore()
    for (let turn = 0; turn < WARM_UPS; turn += 1) {
      await loadAppends(epoch, sample)
      await loadChanges(epoch, sample)
      await loadAppends(hsm, sample, APPENDS / 4)
      await epoch.caughtUp()
    }
    const runs: Run[] = []
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      await epoch.caughtUp()
      await hsm.caughtUp()
      // Before and after, as a machine shared with others goes now faster, now slower.
      const before = [rawSigns(), rawInserts()] as const
      const appends = await loadAppends(epoch, sample)
      const [signs, inserts] = [(before[0] + rawSigns()) / 2, (before[1] + rawInserts()) / 2]
      const started = performance.now()
      await epoch.caughtUp()
      const indexed = APPENDS / (APPENDS / appends.perSecond + (performance.now() - started) / 1000)
      const hypercore = hasHypercore ? await appendToHypercore(HYPERCORE_APPENDS, ROW.bytes + ROW.payload) : 0
      const change = await loadChanges(epoch, sample)
      await epoch.caughtUp()
      runs.push({
        epoch: appends,
        indexed,
        change,
        hsm: await loadAppends(hsm, sample, APPENDS / 4),
        signs,
        inserts,
        hypercore,
      })
    }
    await epoch.close()
    await hsm.close()
    yield* figuresOf(runs, hasHypercore)
  } finally {
    await keys.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function* figuresOf(runs: readonly Run[], hasHypercore: boolean): Iterable<Figure> {
  const of = (value: (run: Run) => number): number => median(runs.map(value))
  const [ours, signs, inserts] = [of((run) => run.epoch.perSecond), of((run) => run.signs), of((run) => run.inserts)]
  const least = Math.min(signs, inserts)
  const name = signs < inserts ? 'Ed25519 alone' : 'durable groups of rows alone'
  // Of one round each: what slows the machine down meets both.
  const ratio = of((run) => run.epoch.perSecond / Math.min(run.signs, run.inserts))
  yield {
    name: 'audit.append.epoch',
    value: Math.round(ours),
    unit: '1/s',
    ratio: round(ratio),
    against: `${name} (${Math.round(least)}/s), entries alone`,
    bar: { min: 0.6 },
  }
  yield {
    name: 'audit.append.change',
    value: Math.round(of((run) => run.change.perSecond)),
    unit: '1/s',
    ratio: round(of((run) => run.change.perSecond / Math.min(run.signs, run.inserts))),
    against: `${name}, the whole way with change and intent`,
    bar: null,
  }
  yield {
    name: 'audit.append.indexed',
    value: Math.round(of((run) => run.indexed)),
    unit: '1/s',
    ratio: round(of((run) => run.indexed / Math.min(run.signs, run.inserts))),
    against: `${name}, entries alone, until lists and full text hold them`,
    bar: null,
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
      ratio: round(of((run) => run.epoch.perSecond / run.hypercore)),
      against: `ours (entries alone) to its single appends`,
      bar: { min: 2 },
    }
  }
  for (const [name, p99] of [
    ['audit.append.p99', of((run) => run.epoch.p99Ms)],
    ['audit.append.change.p99', of((run) => run.change.p99Ms)],
  ] as const)
    yield { name, value: round(p99), unit: 'ms', ratio: null, against: null, bar: { max: 50 } }
}
