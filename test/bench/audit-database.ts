import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChainWriter } from '../../server/audit/chain-writer.ts'
import type { AuditSigner } from '../../server/audit/ports.ts'
import { listNext } from '../../server/db/repositories/audit-entries.ts'
import { indexNext } from '../../server/db/repositories/audit-search.ts'
import { ROOT } from '../../main/launch/setup.mjs'
import { CHAIN, databasesIn, makeDatabases } from './audit-instance.ts'
import { sampleOf } from './audit-sample.ts'

const asked = process.argv.find((word) => word.startsWith('--entries='))?.split('=')[1]
/** How many entries the large chain has: what `--entries=N` says, else `usual`. */
const entriesOr = (usual: number): number => Number(asked ?? usual)
export const MANY = entriesOr(1_000_000)
/** Of packages. Five turns over a million take a quarter of an hour: that is for whoever asks with `--entries=1000000`. */
export const EXPORTED = entriesOr(100_000)
export const FEW = Math.min(10_000, MANY)
export const SAMPLE_START = Date.UTC(2025, 0, 1)
const BATCH = 1000
const LIST_BATCH = 400
const SEARCH_BATCH = 2000
/** Raised whenever \`make\` leaves another database behind than before. */
const MADE = 2

/** What a stored chain depends on: a database made by other code than this is not used again. */
const form = (): string => {
  const migrations = readdirSync(join(ROOT, 'server/db/migrations')).filter((name) => name.startsWith('audit-'))
  const files = [
    ...migrations.sort().map((name) => `server/db/migrations/${name}`),
    ...['entry', 'payload', 'link', 'merkle'].map((name) => `shared/audit/${name}.ts`),
    'server/db/repositories/audit-search-text.ts',
    'test/bench/audit-sample.ts',
  ]
  const hash = createHash('sha256').update(`${MADE}\n`)
  for (const file of files) hash.update(readFileSync(join(ROOT, file)))
  return hash.digest('hex').slice(0, 12)
}

/** Kept between runs, with the keys its chains are signed with. */
export const cacheFolder = (): string => {
  const folder = join(tmpdir(), `countersign-bench-audit-${form()}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

const make = async (folder: string, entries: number, signer: AuditSigner): Promise<void> => {
  const databases = await makeDatabases(folder, signer)
  const writer = new ChainWriter(databases.audit, { chain: CHAIN, mode: 'epoch', signer })
  const sample = sampleOf(7, SAMPLE_START)
  const started = performance.now()
  for (let made = 0; made < entries; made += BATCH) {
    await writer.append(Array.from({ length: Math.min(BATCH, entries - made) }, () => sample.next()))
    if ((made / BATCH) % 20 === 0) process.stderr.write(`\r${made} of ${entries} entries made`)
  }
  // What the server fills behind the chain: a chain that is left alone for a while has both.
  while ((await listNext(databases.audit.db, LIST_BATCH)) > 0);
  while ((await indexNext(databases.audit.db, 'sqlite', CHAIN, SEARCH_BATCH)) > 0);
  await databases.close()
  process.stderr.write(`\r${entries} entries made in ${Math.round((performance.now() - started) / 1000)} s\n`)
}

/** The folder of databases with so many entries in the chain and the full text: made once, then kept. */
export const databaseOf = async (entries: number, signer: AuditSigner): Promise<string> => {
  const folder = join(cacheFolder(), String(entries))
  if (existsSync(folder)) return folder
  const making = mkdtempSync(`${folder}-making-`)
  await make(making, entries, signer)
  renameSync(making, folder)
  return folder
}

/** Runs `use` with a copy of the database, gone afterwards: what is kept stays as it was made. */
export const withCopy = async <T>(folder: string, use: (copy: string) => Promise<T>): Promise<T> => {
  const copy = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  try {
    cpSync(folder, copy, { recursive: true })
    return await use(copy)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

export { databasesIn }
