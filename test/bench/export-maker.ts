import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CheckpointKeys } from '../../server/audit/checkpoint-key.ts'
import { Checkpoints } from '../../server/audit/checkpoints.ts'
import { Sequencer } from '../../server/audit/index.ts'
import { initInternalCa, internalCaConfig, openInternalCa } from '../../server/ca/index.ts'
import { openDatabases, type Databases } from '../../server/db/open.ts'
import { ExportFolders } from '../../server/exports/folders.ts'
import { PackageMaker } from '../../server/exports/package.ts'
import { noExportFaults } from '../../server/exports/ports.ts'
import { openSqliteRows } from '../../server/exports/rows-sqlite.ts'
import { openSignatures, signingConfig } from '../../server/signing/index.ts'
import { TimestampClient } from '../../server/timestamp/client.ts'
import {
  dataName,
  lookupIn,
  openRenderer,
  rowOf,
  type DataFormat,
  type ManifestHead,
} from '../../shared/exports/index.ts'
import { MemoryCaStore } from '../fakes/ca-store.ts'
import { CHAIN, auditSigner, databasesIn, openKeys } from './audit-instance.ts'

/**
 * One measurement in a process of its own: prints entries a second, how long it took, and the most memory it had.
 * `seal`: makes the checkpoint that exports are made under. `export`: a package of the whole chain. `rows`: the same rows,
 * read and rendered, nothing else. A package is kept in the folder BENCH_KEEP names, with the anchor beside it.
 */
const [what = '', format = 'csv', folder = '', cache = '', limit = ''] = process.argv.slice(2)
// As server/index.ts does.
enableCompileCache(join(tmpdir(), 'countersign-bench-compile-cache'))

const MB = 1024 * 1024
interface Done {
  readonly entries: number
  readonly seconds: number
  /** What making it added to the memory of the process. */
  readonly grownMb?: number
}

const NAMES = { operators: {}, offices: {}, stations: {}, tenants: {} }
const headOf = (kind: DataFormat): ManifestHead => ({
  v: 1,
  product: 'Countersign bench',
  server: CHAIN,
  tenant: 'bench',
  id: 'export_bench000',
  createdAt: Date.now(),
  requestedBy: { id: 'bench', name: 'Bench', role: 'AO', office: null },
  reason: 'measured',
  selection: { kind: 'chain', chain: CHAIN },
  order: { format: kind, level: 'B-B', language: 'en', timeZone: 'UTC' },
  keys: 'hsm',
  completeness: 'whole',
  search: { evaluated: true, filter: { chain: [CHAIN] } },
})

const seal = async (): Promise<number> => {
  const databases = await openDatabases(databasesIn(folder))
  const keys = await openKeys(cache)
  const signer = await auditSigner(keys)
  const sequencer = new Sequencer({ ...databases, chain: CHAIN, mode: 'epoch', signer })
  await sequencer.start()
  const noteKeys = new CheckpointKeys({ ...databases, sequencer, chain: CHAIN, signer, keys })
  const log = { info: () => undefined, error: () => undefined, fatal: () => undefined }
  const checkpoints = new Checkpoints({
    audit: databases.audit,
    sequencer,
    chain: CHAIN,
    openKey: () => noteKeys.open(),
    log,
  })
  const { size } = await checkpoints.make()
  await checkpoints.close()
  await sequencer.close()
  await databases.close()
  await keys.close()
  return size
}

const openSigning = async () => {
  const keys = await openKeys(cache)
  const config = internalCaConfig.parse({
    name: 'Bench',
    organization: 'Bench',
    country: 'IT',
    crlUrls: ['http://localhost/issuing.crl'],
    caIssuerUrls: ['http://localhost/issuing.cer'],
    rootCrlUrls: ['http://localhost/root.crl'],
  })
  const parts = { config, keyStore: keys, store: new MemoryCaStore(), now: () => new Date() }
  await initInternalCa(parts)
  const ca = await openInternalCa(parts)
  const findIssued = async (requestKey: string) => {
    const row = await parts.store.findByRequest(requestKey)
    return row?.der ? { der: row.der } : null
  }
  const subject = { commonName: 'Bench export', organization: 'Bench', country: 'IT' }
  const stamps = new TimestampClient({ authorities: [] })
  return openSignatures({ config: signingConfig.parse({}), keys, ca, findIssued, stamps, subject })
}

const makePackage = async (databases: Databases, kind: DataFormat): Promise<Done> => {
  const signatures = await openSigning()
  const { chain } = await signatures.signer()
  const kept = process.env['BENCH_KEEP']
  const root = kept ?? mkdtempSync(join(folder, 'exports-'))
  const folders = new ExportFolders(root)
  const writeReport = () => Promise.reject(new Error('no report'))
  const maker = new PackageMaker({
    audit: databases.audit,
    folders,
    signatures,
    writeReport,
    faults: noExportFaults,
    outside: [],
    verifiers: null,
  })
  const beforeMb = process.memoryUsage().rss / MB
  const started = performance.now()
  const made = await maker.make({
    id: 'export_bench000',
    head: headOf(kind),
    filter: { selected: { chains: [CHAIN] }, visible: null, reach: '' },
    chains: [CHAIN],
    names: NAMES,
    visibleSignature: false,
    tenant: 'bench',
    maxBytes: Number.MAX_SAFE_INTEGER,
    maxEntries: Number.MAX_SAFE_INTEGER,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  })
  const seconds = (performance.now() - started) / 1000
  if (process.env['BENCH_VERBOSE'] !== undefined) {
    const size = statSync(join(folders.whole('export_bench000'), dataName(kind))).size
    process.stderr.write(`data ${Math.round(size / 1e6)} MB, package ${Math.round(made.bytes / 1e6)} MB\n`)
  }
  if (kept === undefined) rmSync(root, { recursive: true, force: true })
  else writeFileSync(join(kept, 'anchor.cer'), chain.at(-1) ?? new Uint8Array(0))
  return { entries: made.entries, seconds, grownMb: process.resourceUsage().maxRSS / 1024 - beforeMb }
}

/** Bytes as a file would get them, in pieces as large, which nobody takes. */
const serialise = (kind: DataFormat, most: number): Done => {
  const rows = openSqliteRows({ dialect: 'sqlite', file: join(folder, 'audit.db') })
  const renderer = openRenderer(kind, { names: lookupIn(NAMES), manifestHead: headOf(kind) })
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  let used = 0
  let entries = 0
  const started = performance.now()
  for (const batch of rows.range(CHAIN, 0, most) as Iterable<readonly Parameters<typeof rowOf>[0][]>) {
    for (const row of batch) {
      const text = renderer.row(rowOf(row))
      if (text.length * 3 > buffer.length - used) used = 0
      used += buffer.write(text, used, 'utf8')
      entries += 1
    }
  }
  return { entries, seconds: (performance.now() - started) / 1000 }
}

const measure = async (): Promise<Done> => {
  if (what === 'seal') return { entries: await seal(), seconds: 1 }
  if (what === 'rows') return serialise(format as DataFormat, Number(limit))
  const databases = await openDatabases(databasesIn(folder))
  const made = await makePackage(databases, format as DataFormat)
  await databases.close()
  return made
}

const { entries, seconds, grownMb = 0 } = await measure()
const rssMb = process.resourceUsage().maxRSS / 1024
process.stdout.write(JSON.stringify({ entries, seconds, perSecond: entries / seconds, rssMb, grownMb }))
process.exit(0)
