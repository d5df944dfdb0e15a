import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readHead } from '../../../../server/db/repositories/audit-chain.ts'
import { growTree } from '../../../../server/audit/checkpoint-tree.ts'
import { indexNext } from '../../../../server/db/repositories/audit-search.ts'
import { listEntries, type EntryFilter } from '../../../../server/db/repositories/audit-list.ts'
import { AuditPaths } from '../../../../server/exports/audit-paths.ts'
import { openRows } from '../../../../server/exports/rows-any.ts'
import { openSqliteRows } from '../../../../server/exports/rows-sqlite.ts'
import { selectEntries, spanOf } from '../../../../server/exports/select-entries.ts'
import { planEntries } from '../../../../server/exports/plan-entries.ts'
import { writeEntries } from '../../../../server/exports/write-entries.ts'
import type { WriteOrder } from '../../../../server/exports/writer-thread.ts'
import { openAuditReader } from '../../../../server/db/open.ts'
import {
  inclusionProof,
  leafHash,
  MerkleFrontier,
  rangeHashOf,
  verifyInclusion,
} from '../../../../shared/audit/merkle.ts'
import { TileBuilder } from '../../../../shared/audit/tiles.ts'
import type { ManifestHead } from '../../../../shared/exports/index.ts'
import { CHAIN, newIntent, openBench, type Bench } from '../audit/chain-bench.ts'

const SIZE = 700
let bench: Bench
let folder: string
let at: number

beforeAll(async () => {
  bench = await openBench()
  at = Date.now() - 1_000_000
  const intents = Array.from({ length: SIZE - 2 }, (_all, place) =>
    newIntent({
      at: at + place * 1000,
      office: place % 3 === 0 ? 'office-2' : 'office-1',
      action: place % 7 === 0 ? 'Modification' : 'Insertion',
      object: { type: 'holder', id: `holder-${place % 50}` },
      tenant: place % 11 === 0 ? 'tenant-2' : 'tenant-1',
      after: { name: place % 5 === 0 ? 'Rossi Anna' : 'Bianchi' },
    }),
  )
  await bench.write(intents)
  // Part of it listed and in the full text, part of it not yet.
  await indexNext(bench.databases.audit.db, 'sqlite', CHAIN, 400)
  folder = mkdtempSync(join(bench.folder, 'export-'))
})
afterAll(() => bench.close())

const db = () => bench.databases.audit.db
const never = new AbortController().signal
const size = async (): Promise<number> => {
  const counted = db()
    .selectFrom('entry')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
  return (await counted.executeTakeFirstOrThrow()).rows
}

describe('when entries are chosen', () => {
  const listed = async (filter: EntryFilter): Promise<number[]> => {
    const ids: number[] = []
    for (let cursor: string | null = null; ;) {
      const page: Awaited<ReturnType<typeof listEntries>> = await listEntries(
        db(),
        filter,
        { cursor, limit: 100 },
        'sqlite',
      )
      ids.push(...page.items.map(({ id }) => id))
      if (page.next === null) return ids.toSorted((one, other) => one - other)
      cursor = page.next
    }
  }
  it.each<[string, () => EntryFilter]>([
    ['a tenant', () => ({ tenant: 'tenant-2' })],
    ['an office', () => ({ tenant: 'tenant-1', offices: ['office-2'] })],
    ['an action', () => ({ actions: ['Modification'], chains: [CHAIN] })],
    ['an object', () => ({ objectTypes: ['holder'], objectId: 'holder-7' })],
    ['a span', () => ({ from: at + 100_000, to: at + 300_000 })],
    ['words', () => ({ tenant: 'tenant-1', text: 'rossi anna' })],
    ['words of one object', () => ({ objectId: 'holder-5', text: 'ross*' })],
    ['everything', () => ({})],
    ['nothing', () => ({ tenant: 'tenant-9' })],
  ])('takes for %s exactly what the explorer lists', async (_what, filter) => {
    const ids = await selectEntries(db(), filter(), 'sqlite', never)
    expect([...ids]).toEqual(await listed(filter()))
  })

  it('shows the entry before and after a span', async () => {
    const count = await size()
    const whole = { db: db(), dialect: 'sqlite' as const }
    const rows = await db().selectFrom('entry').select(['sequence', 'at']).orderBy('sequence').execute()
    const [from, to] = [at + 100_000, at + 200_000]
    const inside = rows.filter((row) => row.at >= from && row.at < to).map(({ sequence }) => sequence)
    expect(await spanOf(whole, CHAIN, count, { from, to }, never)).toEqual({
      from: Math.min(...inside) - 1,
      to: Math.max(...inside) + 1,
    })
    expect(await spanOf(whole, CHAIN, count, {}, never)).toEqual({ from: 0, to: count - 1 })
  })
})

const hexOf = (hashes: readonly Uint8Array[]): string[] => hashes.map((hash) => Buffer.from(hash).toString('hex'))

describe('when many are proved', () => {
  it.each([256, 257, 511, 512, 699, 700])('gives the path RFC 9162 gives, to a tree of %i', async (width) => {
    await growTree(db(), CHAIN, new TileBuilder(), width)
    const rows = await db().selectFrom('entry').select('bytes').orderBy('sequence').limit(width).execute()
    const leaves = rows.map(({ bytes }) => leafHash(bytes))
    const hash = rangeHashOf(leaves)
    const root = hash(0, width)
    const paths = await AuditPaths.open(db(), CHAIN, width)
    for (const index of [0, 1, 100, 255, Math.min(256, width - 1), width - 2, width - 1, 3]) {
      const path = await paths.of(index)
      expect(hexOf(path)).toEqual(hexOf(inclusionProof(hash, index, width)))
      verifyInclusion({ leaf: leaves[index] ?? root, index, size: width, root }, path)
    }
  })
})

const headOf = (completeness: ManifestHead['completeness']): ManifestHead => ({
  v: 1,
  product: 'x',
  server: CHAIN,
  tenant: 'tenant-1',
  id: 'export_00000000',
  createdAt: 0,
  requestedBy: { id: 'x', name: 'x', role: 'AO', office: null },
  reason: 'x',
  selection: { kind: 'chain', chain: CHAIN },
  order: { format: 'jsonl', level: 'B-B', language: 'en', timeZone: 'UTC' },
  keys: 'software',
  completeness,
  search: { evaluated: true, filter: { chain: [CHAIN] } },
})

const rootNow = async (): Promise<Uint8Array> => {
  const head = await readHead(db(), CHAIN)
  return MerkleFrontier.fromBytes((head?.sequence ?? -1) + 1, head?.frontier ?? new Uint8Array(0)).root()
}

const write = async (name: string, more: Partial<WriteOrder> = {}, kind: 'sqlite' | 'any' = 'sqlite') => {
  const into = join(folder, name)
  for (const inner of ['data', 'evidence']) mkdirSync(join(into, inner), { recursive: true })
  const { location } = bench.databases.audit
  const order: WriteOrder = {
    location,
    folder: into,
    head: headOf('whole'),
    filter: { selected: { chains: [CHAIN] }, visible: null, reach: '' },
    chains: [{ chain: CHAIN, size: await size(), root: await rootNow() }],
    names: { operators: {}, offices: {}, stations: {}, tenants: {} },
    hashes: [],
    maxBytes: Number.MAX_SAFE_INTEGER,
    maxEntries: Number.MAX_SAFE_INTEGER,
    ...more,
  }
  const cancel = new Int32Array(1)
  const reader = await openAuditReader(location)
  const rows =
    kind === 'sqlite' && location.dialect === 'sqlite'
      ? openSqliteRows(location)
      : openRows(await openAuditReader(location))
  try {
    const plan = await planEntries(order, reader, never)
    const openPaths = (chain: string, width: number) => AuditPaths.open(reader.db, chain, width)
    const ground = { rows, openPaths, signal: never, onProgress: () => undefined }
    const result = await writeEntries({ kind: 'write', ...order, plan, cancel }, ground)
    return {
      result,
      evidence: readFileSync(join(into, 'evidence/0.jsonl')),
      data: readFileSync(join(into, 'data/audit.jsonl')),
    }
  } finally {
    await rows.close()
    await reader.close()
  }
}

describe('when entries are written', () => {
  it('writes the same whichever way the rows come', async () => {
    const [fast, any] = [await write('fast'), await write('any', {}, 'any')]
    expect(fast.evidence.equals(any.evidence)).toBe(true)
    expect(fast.data.equals(any.data)).toBe(true)
    expect(fast.result).toEqual(any.result)
    expect(fast.evidence.toString().split('\n')).toHaveLength((await size()) + 1)
  })

  it('hides what is out of reach, and counts each kind', async () => {
    const filter = {
      selected: { tenant: 'tenant-1', offices: ['office-2'] },
      visible: { tenant: 'tenant-1', offices: ['office-2'] },
      reach: '',
    }
    const { result, evidence } = await write('hidden', { filter, head: headOf('headers') })
    const [chain] = result.chains
    expect((chain?.disclosed ?? 0) + (chain?.headers ?? 0) + (chain?.hidden ?? 0)).toBe(await size())
    expect(chain?.headers).toBe(0)
    expect(evidence.includes('tenant-2')).toBe(false)
  })

  it.each([
    ['a row that is gone', 'delete from entry where sequence = 50'],
    ['a row of another place', 'update entry set sequence = 5000 where sequence = 50'],
    ['bytes that are no entry', `update entry set bytes = x'7b7d' where sequence = 50`],
    [
      'bytes of another entry',
      'update entry set bytes = (select bytes from entry where sequence = 51) where sequence = 50',
    ],
    ['a payload that was changed', `update payload set bytes = x'7b7d' where sequence = 50`],
    [
      'an entry that was changed',
      `update entry set bytes = cast(replace(cast(bytes as text), 'station-1', 'station-2') as blob) where sequence = 50`,
    ],
    ['a payload that is gone', 'delete from payload where sequence = 50'],
  ])('signs nothing over %s', async (name, statement) => {
    const { location } = bench.databases.audit
    if (location.dialect !== 'sqlite') throw new Error('on SQLite')
    const database = new Database(location.file)
    const kept = database.prepare('select * from entry where sequence = 50').get() as Record<string, unknown>
    const payload = database.prepare('select * from payload where sequence = 50').get() as Record<string, unknown>
    const put = (table: string, row: Record<string, unknown>): void => {
      const names = Object.keys(row)
      const words = `insert or replace into ${table} (${names.join(', ')}) values (${names.map((one) => `@${one}`).join(', ')})`
      database.prepare(words).run(row)
    }
    try {
      // Who writes into the file is not held by what it refuses.
      database.exec('drop trigger if exists entry_fixed')
      database.exec(statement)
      await expect(write(name)).rejects.toMatchObject({ code: 'EXPORT_CHAIN_BROKEN' })
    } finally {
      database.prepare('delete from entry where id = ?').run(kept['id'])
      put('entry', kept)
      put('payload', payload)
      database.close()
    }
  })

  it('stops where there is too much, and where there is no room', async () => {
    await expect(write('many', { maxEntries: 10 })).rejects.toMatchObject({ code: 'EXPORT_TOO_LARGE' })
    await expect(write('large', { maxBytes: 1000 })).rejects.toMatchObject({ code: 'EXPORT_DISK_FULL' })
    rmSync(folder, { recursive: true, force: true })
  })
})
