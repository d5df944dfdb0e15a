import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { rootKeyOf } from '../../../server/audit/chain-keys.ts'
import { draftOf, makeLink } from '../../../server/audit/link-maker.ts'
import { readStoredChain } from '../../../server/audit/stored-chain.ts'
import { readSqliteSegments } from '../../../server/audit/verification-rows.ts'
import { openAuditReader } from '../../../server/db/open.ts'
import { putCut } from '../../../server/db/repositories/audit-cuts.ts'
import {
  ENTRY_COLUMNS,
  PAYLOAD_COLUMNS,
  entryValues,
  payloadValues,
} from '../../../server/db/repositories/audit-entry-row.ts'
import type { NewEntry } from '../../../server/db/repositories/audit-entry-row.ts'
import { inSnapshot, inTransaction } from '../../../server/db/transaction.ts'
import { createSignatureVerifier, keyIdOf } from '../../../shared/audit/crypto.ts'
import type { VerifySignature } from '../../../shared/audit/crypto.ts'
import { CUT_OBJECT, cutIdOf, cutSigningBytes, encodeCut } from '../../../shared/audit/cut.ts'
import { genesisOf } from '../../../shared/audit/link.ts'
import { MerkleFrontier } from '../../../shared/audit/merkle.ts'
import { verifyInParallel } from '../../../shared/audit/parallel.ts'
import { walkSegment } from '../../../shared/audit/segment.ts'
import { sha256 } from '../../../shared/audit/bytes.ts'
import type { Verdict, VerdictKind } from '../../../shared/audit/verdict.ts'
import { prepareCut, verifyChain } from '../../../shared/audit/verification.ts'
import type { VerificationOptions } from '../../../shared/audit/verification.ts'
import { CHAIN, newIntent, newSigner, openBench } from '../../unit/server/audit/chain-bench.ts'
import { openCheckpointBench } from '../../unit/server/audit/checkpoint-bench.ts'

export type Sql = Database.Database
export type Row = Readonly<Record<string, Buffer | string | number | null>>
export type Tamper = (db: Sql) => void | Promise<void>
/** `sequence` is the place the verdict must name. */
export type Case = readonly [name: string, tamper: Tamper, kind: VerdictKind, sequence: number]

export const signer = newSigner()
export const stranger = newSigner('stranger')
const successor = newSigner('successor')
export const trustedKeyIds = [keyIdOf(signer.publicKeySpki())]

/**
 * The chain of 2,000 entries. Epochs of 128: the key store announces one at 1, 130, 259, 388, … and brings in its
 * successor at ROLLED. The note key is announced at NOTE_KEY, checkpoints are of CHECKPOINTS entries, payloads of
 * ERASED are gone with a tombstone each.
 */
export const HEAD = 1999
/** Between two announcements, with nothing special near it. */
export const N = 700
/** An announcement of an epoch. */
export const OPENING = 646
export const ERASED = [300, 301, 302] as const
export const ERASED_AT = 1_760_000_000_000
export const CHECKPOINTS = [501, 900, 1300, 1800] as const
/** Where the other chain was cut. */
export const CUT = 256

const holders = (count: number) =>
  Array.from({ length: count }, (_, place) => newIntent({ object: { type: 'holder', id: `holder-${place}` } }))

type Growing = Awaited<ReturnType<typeof openCheckpointBench>>
const headOf = async ({ databases }: Growing): Promise<number> =>
  (await readStoredChain(databases.audit.db, CHAIN)).head?.sequence ?? -1
const growTo = async (bench: Growing, size: number): Promise<void> => {
  // One at a time at the end: an epoch that opens takes a place of its own.
  for (let left = size - 1 - (await headOf(bench)); left > 0; left = size - 1 - (await headOf(bench))) {
    await bench.write(holders(left > 260 ? 250 : left > 12 ? left - 8 : 1))
  }
}

const grow = async (bench: Growing): Promise<void> => {
  for (const size of CHECKPOINTS) {
    // The first brings its note key into the chain.
    await growTo(bench, size === CHECKPOINTS[0] ? size - 1 : size)
    await bench.checkpoints().make()
  }
  const [first, , last] = ERASED
  await bench.write([
    newIntent({
      at: ERASED_AT,
      action: 'Deletion',
      object: { type: 'audit-payload', id: `${first}-${last}` },
      after: { by: 'operator-1', rule: 'retention' },
    }),
  ])
  await bench.databases.audit.db
    .updateTable('payload')
    .set({
      bytes: null,
      salt: new Uint8Array(0),
      erased_at: ERASED_AT,
      erased_by: 'operator-1',
      erased_rule: 'retention',
    })
    .where('sequence', 'in', ERASED)
    .execute()
  await bench.sequencer.rollTo(successor)
  await growTo(bench, HEAD + 1)
}

const keepFile = async (bench: { folder: string; databases: Growing['databases'] }, file: string): Promise<void> => {
  await bench.databases.audit.db.destroy()
  copyFileSync(join(bench.folder, 'audit.db'), file)
}

/** The chain of 2,000 entries alone, in `file`: each call makes another past, signed by the same key store. */
export const makeLongChain = async (file: string): Promise<void> => {
  const bench = await openCheckpointBench({ mode: 'epoch', signer, epochEntries: 128 })
  await grow(bench)
  await bench.sequencer.close()
  await keepFile(bench, file)
  await bench.close().catch(() => undefined)
}

const cutFile = async (bench: Growing): Promise<void> => {
  const { audit } = bench.databases
  const state = await prepareCut(await readStoredChain(audit.db, CHAIN), CUT, { trustedKeyIds, verify })
  const signedBy = keyIdOf(successor.publicKeySpki())
  const statement = encodeCut({ ...state, checkpoint: null, at: 5, by: null, rule: 'window', signedBy })
  await bench.write([
    newIntent({ action: 'Deletion', object: { type: CUT_OBJECT, id: cutIdOf(statement) }, after: null }),
  ])
  const signature = await successor.sign(cutSigningBytes(statement))
  await inTransaction(audit.db, async (trx) => {
    await putCut(trx, CHAIN, { size: CUT, statement, signature, note: null }, 5)
    await trx.deleteFrom('entry').where('sequence', '<', CUT).execute()
    await trx.deleteFrom('payload').where('sequence', '<', CUT).execute()
    const ids = new Set([...state.keys, ...(await keysAnnouncedFrom(trx))])
    await trx
      .deleteFrom('audit_key')
      .where('key_id', 'not in', [...ids])
      .execute()
  })
}
const keysAnnouncedFrom = async (db: Growing['databases']['audit']['db']): Promise<readonly string[]> =>
  (await db.selectFrom('entry').select('object_id').execute()).map((row) => row.object_id)

/**
 * Makes the chains that the rows take copies of: `epoch`, `sealed` (as long, every entry signed by the key store), `cut`
 * (short, cut) and `hsm` (short, no epochs and no checkpoints).
 */
export const makeChains = async (folder: string): Promise<void> => {
  const bench = await openCheckpointBench({ mode: 'epoch', signer, epochEntries: 128 })
  await grow(bench)
  await bench.sequencer.close()
  await keepFile(bench, join(folder, 'epoch.db'))
  await bench.close().catch(() => undefined)
  const sealed = await openCheckpointBench({ mode: 'hsm', signer })
  await grow(sealed)
  await sealed.sequencer.close()
  await keepFile(sealed, join(folder, 'sealed.db'))
  await sealed.close().catch(() => undefined)
  const short = await openCheckpointBench({ mode: 'epoch', signer, epochEntries: 128 })
  await growTo(short, 600)
  await short.sequencer.rollTo(successor)
  await growTo(short, 700)
  await cutFile(short)
  await growTo(short, 800)
  await keepFile(short, join(folder, 'cut.db'))
  await short.close().catch(() => undefined)
  const hsm = await openBench({ mode: 'hsm', signer })
  await hsm.write(holders(60))
  await hsm.databases.audit.db.destroy()
  copyFileSync(join(hsm.folder, 'audit.db'), join(folder, 'hsm.db'))
  await hsm.close().catch(() => undefined)
}

const check = createSignatureVerifier()
const checked = new Map<string, boolean>()
/** Each signature is computed once for all rows: they differ from each other in one place only. */
export const verify: VerifySignature = (spki, data, signature) => {
  const name = Buffer.from(sha256(spki, data, signature)).toString('base64')
  const known = checked.get(name)
  if (known !== undefined) return known
  const isValid = check(spki, data, signature)
  checked.set(name, isValid)
  return isValid
}

/** Verifies a file in order and by segments; the two must not differ in anything. */
export const verifyFile = async (file: string, options: Partial<VerificationOptions>): Promise<Verdict> => {
  const reader = await openAuditReader({ dialect: 'sqlite', file })
  const segments = readSqliteSegments({ dialect: 'sqlite', file }, CHAIN)
  try {
    return await inSnapshot(reader.db, 'sqlite', async (trx) => {
      const stored = await readStoredChain(trx, CHAIN)
      const wanted = { mode: 'full' as const, trustedKeyIds, verify, ...options }
      const inOrder = await verifyChain(stored, wanted)
      const keys = new Map(stored.keys.map((key) => [key.keyId, key]))
      const pool = {
        size: 2,
        run: (task: Parameters<typeof walkSegment>[0]) => walkSegment(task, segments, keys, verify),
      }
      const bySegments = await verifyInParallel(stored, { ...wanted, pool, segment: 128 })
      if (JSON.stringify(bySegments) !== JSON.stringify(inOrder)) {
        throw new Error(`in order ${JSON.stringify(inOrder)}, by segments ${JSON.stringify(bySegments)}`)
      }
      return inOrder
    })
  } finally {
    await segments.close()
    await reader.close()
  }
}

let copies = 0
/** Tampers with a copy of a chain and verifies it, once in each mode. */
export const runCase = async (
  folder: string,
  base: string,
  tamper: Tamper,
  options: Partial<VerificationOptions> = {},
): Promise<readonly Verdict[]> => {
  copies += 1
  const file = join(folder, `copy-${copies}.db`)
  copyFileSync(join(folder, `${base}.db`), file)
  const db = new Database(file)
  try {
    dropTriggers(db)
    await tamper(db)
    db.close()
    return [await verifyFile(file, { ...options, mode: 'full' }), await verifyFile(file, { ...options, mode: 'quick' })]
  } finally {
    db.close()
    rmSync(file, { force: true })
    rmSync(`${file}-wal`, { force: true })
    rmSync(`${file}-shm`, { force: true })
  }
}

// ---- what someone who writes into the file does

/** Who writes into the file is not held by what it refuses, */
const dropTriggers = (db: Sql): void => {
  const rows = db.prepare("select name from sqlite_master where type = 'trigger' and tbl_name = 'entry'").all()
  for (const { name } of rows as { name: string }[]) db.exec(`drop trigger "${name}"`)
}

/** nor by its unique indexes. */
export const dropUnique = (db: Sql): void => {
  const rows = db.prepare("select name from sqlite_master where type = 'index' and sql like 'create unique%'").all()
  for (const { name } of rows as { name: string }[]) db.exec(`drop index "${name}"`)
}

export const entry = (db: Sql, sequence: number): Row =>
  db.prepare('select * from entry where sequence = ?').get(sequence) as Row
export const set =
  (column: string, value: unknown, sequence = N, table = 'entry', place = 'sequence') =>
  (db: Sql) => {
    db.prepare(`update ${table} set ${column} = ? where ${place} = ?`).run(value, sequence)
  }
/** Another number that does mean a text. */
export const setWord =
  (column: string, text: string, sequence = N) =>
  (db: Sql) => {
    db.prepare('insert or ignore into word (text) values (?)').run(text)
    const { id } = db.prepare('select id from word where text = ?').get(text) as { id: number }
    set(column, id, sequence)(db)
  }
export const insert = (db: Sql, table: string, row: Row): void => {
  const { id: _id, ...rest } = row
  const names = Object.keys(rest)
  db.prepare(`insert into ${table} (${names.join(',')}) values (${names.map(() => '?').join(',')})`).run(
    ...Object.values(rest),
  )
}
export const flip = (bytes: unknown, at: number): Buffer => {
  const copy = Buffer.from(bytes as Buffer)
  const place = at < 0 ? copy.length + at : at
  copy[place] = (copy[place] ?? 0) ^ 1
  return copy
}
export const flipColumn =
  (column: string, at: number, sequence = N, table = 'entry', place = 'sequence') =>
  (db: Sql) => {
    const row = db.prepare(`select ${column} as value from ${table} where ${place} = ?`).get(sequence) as Row
    const { value } = row
    const turned = typeof value === 'string' ? flip(Buffer.from(value), at).toString('utf8') : flip(value, at)
    set(column, turned, sequence, table, place)(db)
  }
export const editBody = (from: string, to: string) => (db: Sql) => {
  const text = (entry(db, N).bytes as Buffer).toString('utf8')
  if (!text.includes(from)) throw new Error(`no ${from} in ${text}`)
  set('bytes', Buffer.from(text.replace(from, to)))(db)
}
export const remove = (where: string) => (db: Sql) => {
  db.exec(`delete from entry where ${where}`)
  db.exec(`delete from payload where ${where}`)
}
export const run = (sql: string) => (db: Sql) => {
  db.exec(sql)
}
export const renumber = (from: number, by: number) => (db: Sql) => {
  for (const table of ['entry', 'payload']) {
    db.exec(`update ${table} set sequence = -sequence - 1 where sequence >= ${from}`)
    db.exec(`update ${table} set sequence = -sequence - 1 + ${by} where sequence < 0`)
  }
}
export const swap =
  (left: number, right: number, tables: readonly string[], column = 'sequence') =>
  (db: Sql) => {
    dropUnique(db)
    for (const table of tables) {
      db.exec(`update ${table} set ${column} = -1 where ${column} = ${left}`)
      db.exec(`update ${table} set ${column} = ${left} where ${column} = ${right}`)
      db.exec(`update ${table} set ${column} = ${right} where ${column} = -1`)
    }
  }
export const rehead = (db: Sql): void => {
  const last = db.prepare('select sequence, signature from entry order by sequence desc limit 1').get() as Row
  db.prepare('update chain set head_sequence = ?, head_signature = ?').run(last.sequence, last.signature)
}
/** Head and tree edge as they would be had the chain been written so: what a careful forger leaves. */
export const reheadWhole = (db: Sql): void => {
  rehead(db)
  const tree = new MerkleFrontier()
  for (const { bytes } of db.prepare('select bytes from entry order by sequence').all() as { bytes: Buffer }[]) {
    tree.append(sha256(Uint8Array.of(0), bytes))
  }
  db.prepare('update chain set frontier = ?').run(tree.toBytes())
}
/** The row of a forged link; words it needs are put in as a writer would. */
const rowOfValues = (columns: readonly string[], values: readonly unknown[]): Row =>
  Object.fromEntries(columns.map((column, place) => [column, values[place]])) as Row
export const rowOf = (db: Sql, link: NewEntry): Row => {
  const missing = new Set<string>()
  entryValues(link, new Map(), missing)
  for (const text of missing) db.prepare('insert or ignore into word (text) values (?)').run(text)
  const words = db.prepare('select id, text from word').all() as { id: number; text: string }[]
  return rowOfValues(ENTRY_COLUMNS, entryValues(link, new Map(words.map(({ id, text }) => [text, id])), missing))
}
export const putEntry = (db: Sql, link: NewEntry): void => insert(db, 'entry', rowOf(db, link))
export const put = (db: Sql, link: NewEntry): void => {
  putEntry(db, link)
  insert(db, 'payload', rowOfValues(PAYLOAD_COLUMNS, payloadValues(link)))
}
/** A link over the entry at `over`, by whoever holds `key`. */
export const forge = async (db: Sql, over: number, key: typeof signer, more = {}): Promise<NewEntry> => {
  const signature = entry(db, over).signature as Buffer
  const draft = { chain: CHAIN, sequence: over, signature, tree: new MerkleFrontier() }
  return (await makeLink(newIntent(more), draft, rootKeyOf(key))).link
}
/** The same, saying that the key in force at the end signed it. */
export const forgeFor = async (db: Sql, over: number): Promise<NewEntry> => {
  const said = JSON.parse((entry(db, over)['bytes'] as Buffer).toString('utf8')) as { key: string }
  const draft = {
    chain: CHAIN,
    sequence: over,
    signature: entry(db, over)['signature'] as Buffer,
    tree: new MerkleFrontier(),
  }
  return (await makeLink(newIntent(), draft, { ...rootKeyOf(stranger), keyId: said.key })).link
}
/** Signs everything from `from` on anew, with the real key, over an entry that was changed: a whole other past. */
export const resignFrom = (from: number) => async (db: Sql) => {
  const last = (db.prepare('select max(sequence) as last from entry').get() as { last: number }).last
  let previous = from === 0 ? genesisOf(CHAIN) : (entry(db, from - 1).signature as Uint8Array)
  const head = { sequence: from - 1, signature: previous, frontier: new Uint8Array(0) }
  let draft = { ...draftOf(CHAIN, { ...head, sequence: -1 }), sequence: from - 1 }
  remove(`sequence >= ${from}`)(db)
  for (let sequence = from; sequence <= last; sequence += 1) {
    const made = await makeLink(newIntent({ reason: 'another past' }), draft, rootKeyOf(signer))
    put(db, made.link)
    draft = made.draft
    previous = made.link.signature
  }
  reheadWhole(db)
}
export const copyOf = (sequence: number, to: number) => (db: Sql) => {
  dropUnique(db)
  insert(db, 'entry', { ...entry(db, sequence), sequence: to })
}
export const withKey =
  (column: string, value: (row: Row) => unknown, kind = 'epoch') =>
  (db: Sql) => {
    const row = keyRow(db, kind)
    db.prepare(`update audit_key set ${column} = ? where key_id = ?`).run(value(row), row['key_id'])
  }
/** The key announced at OPENING, or the first of the key store. */
export const keyRow = (db: Sql, kind: string): Row => {
  const at = kind === 'epoch' ? OPENING : 0
  return db.prepare('select * from audit_key where key_id = ?').get(entry(db, at)['object_id']) as Row
}
