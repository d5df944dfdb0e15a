import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rootKeyOf } from '../../../server/audit/chain-keys.ts'
import { makeLink } from '../../../server/audit/link-maker.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import { MerkleFrontier } from '../../../shared/audit/merkle.ts'
import { CHAIN, newIntent } from '../../unit/server/audit/chain-bench.ts'
import {
  CHECKPOINTS,
  CUT,
  HEAD,
  dropUnique,
  entry,
  forge,
  makeChains,
  put,
  putEntry,
  rehead,
  remove,
  resignFrom,
  runCase,
  signer,
  stranger,
} from './tamper-ground.ts'
import type { Case, Sql, Tamper } from './tamper-ground.ts'
import { CHECKPOINT_ROWS, COLUMNS, CUTS, KEYS, PAYLOADS, STRUCTURE } from './tamper-table.ts'

let folder = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-tamper-'))
  await makeChains(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const nothing: Tamper = () => undefined
/** Both modes, each in order and by segments, find the same. */
const expectFound = async (base: string, tamper: Tamper, found: object, options = {}): Promise<void> => {
  const [full, quick] = await runCase(folder, base, tamper, options)
  expect(full).toMatchObject({ ok: false, ...found })
  expect(quick).toMatchObject({ ok: false, ...found })
}

describe('the untouched chain', () => {
  it('passes: 2,000 entries with epochs, a roll-over, checkpoints and erased payloads', async () => {
    const [full, quick] = await runCase(folder, 'epoch', nothing)
    expect(full).toMatchObject({ ok: true, entries: HEAD + 1, signaturesChecked: HEAD + 1, payloadsErased: 3 })
    expect(quick).toMatchObject({ ok: true, entries: HEAD + 1, payloadsErased: 3 })
    expect(quick?.ok && full?.ok && quick.root === full.root).toBe(true)
    expect(quick?.ok && quick.signaturesChecked).toBeLessThan(160)
  })

  it('passes, quickly also where the key store signs each entry: checkpoints prove what lies before them', async () => {
    const [full, quick] = await runCase(folder, 'sealed', nothing)
    expect(full).toMatchObject({ ok: true, entries: HEAD + 1, signaturesChecked: HEAD + 1 })
    expect(quick).toMatchObject({ ok: true, entries: HEAD + 1 })
    expect(quick?.ok && full?.ok && quick.root === full.root).toBe(true)
    expect(quick?.ok && quick.signaturesChecked).toBeLessThan(HEAD + 10 - (CHECKPOINTS.at(-1) ?? 0))
  })

  it('passes without its last checkpoint: only who was shown it misses it', async () => {
    const forget: Tamper = (db) =>
      void db.prepare('delete from checkpoint where size = (select max(size) from checkpoint)').run()
    for (const verdict of await runCase(folder, 'epoch', forget)) expect(verdict).toMatchObject({ ok: true })
  })

  it('passes, cut and signed by the key store alone', async () => {
    for (const verdict of await runCase(folder, 'cut', nothing)) expect(verdict).toMatchObject({ ok: true, from: CUT })
    for (const verdict of await runCase(folder, 'hsm', nothing)) expect(verdict).toMatchObject({ ok: true, from: 0 })
  })
})

describe('a tampered chain', () => {
  it('has at least 60 rows', () => {
    const rows = [...COLUMNS, ...PAYLOADS, ...STRUCTURE, ...KEYS, ...CHECKPOINT_ROWS, ...CUTS]
    expect(rows.length).toBeGreaterThanOrEqual(60)
    expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length)
  })

  it.each([...COLUMNS, ...PAYLOADS, ...STRUCTURE, ...KEYS, ...CHECKPOINT_ROWS])(
    '%s',
    async (_, tamper, kind, sequence) => {
      await expectFound('epoch', tamper, { kind, sequence })
    },
  )

  // This chain has no epoch that opens in place 1, where a word comes first.
  const alike = [...COLUMNS, ...PAYLOADS, ...STRUCTURE].filter(([name]) => name !== 'a word: another text')
  it.each(alike)('signed by the key store alone, proved by checkpoints: %s', async (_, tamper, kind, sequence) => {
    await expectFound('sealed', tamper, { kind, sequence })
  })

  it.each(CUTS)('%s', async (_, tamper, kind, sequence) => {
    await expectFound('cut', tamper, { kind, sequence })
  })
})

/** In the middle of the short chain, signed entry by entry by the key store. */
const MIDDLE = 25
const FORKS: readonly Case[] = [
  [
    'a second entry in one place',
    async (db) => {
      dropUnique(db)
      putEntry(db, await forge(db, MIDDLE - 1, signer))
    },
    'forked',
    MIDDLE,
  ],
  [
    'a second branch to the end',
    async (db) => {
      dropUnique(db)
      const signature = entry(db, MIDDLE - 1)['signature'] as Buffer
      const draft = { chain: CHAIN, sequence: MIDDLE - 1, signature, tree: new MerkleFrontier() }
      const first = await makeLink(newIntent(), draft, rootKeyOf(signer))
      putEntry(db, first.link)
      putEntry(db, (await makeLink(newIntent(), first.draft, rootKeyOf(signer))).link)
    },
    'forked',
    MIDDLE,
  ],
  [
    'one entry replaced and signed anew',
    async (db) => {
      const link = await forge(db, MIDDLE - 1, signer)
      remove(`sequence = ${MIDDLE}`)(db)
      put(db, link)
    },
    'forked',
    MIDDLE + 1,
  ],
  ['an appended entry the head does not know', async (db) => put(db, await forge(db, 60, signer)), 'stale-head', 61],
]

describe('a chain tampered with by the holder of the key', () => {
  it.each(FORKS)('%s', async (_, tamper, kind, sequence) => {
    await expectFound('hsm', tamper, { kind, sequence })
  })

  it.each([1, 20, 50, 60])(
    'history signed anew from %i on passes alone, and is caught by whoever saw a head before',
    async (from) => {
      const heads: { sequence: number; signature: Uint8Array }[] = []
      const resign = async (db: Sql): Promise<void> => {
        for (const sequence of [60, from])
          heads.push({ sequence, signature: Uint8Array.from(entry(db, sequence)['signature'] as Buffer) })
        await resignFrom(from)(db)
      }
      for (const alone of await runCase(folder, 'hsm', resign)) expect(alone).toMatchObject({ ok: true, entries: 61 })
      const [last, earlier] = heads
      for (const witnessed of [last, earlier]) {
        const found = { kind: 'forked', sequence: witnessed?.sequence, what: 'witness' }
        await expectFound('hsm', resign, found, { witnessed })
      }
    },
  )

  it('a cut tail with a forged head is caught by whoever saw the head before', async () => {
    const witnessed = { sequence: 60, signature: new Uint8Array(8) }
    const cut: Tamper = (db) => {
      remove('sequence > 50')(db)
      rehead(db)
    }
    await expectFound('hsm', cut, { kind: 'truncated', sequence: 51 }, { witnessed })
  })

  it('a chain no trusted key ever signed is refused', async () => {
    const trusted = { trustedKeyIds: [keyIdOf(stranger.publicKeySpki())] }
    await expectFound('hsm', nothing, { kind: 'unknown-key', what: 'untrusted' }, trusted)
    await expectFound('cut', nothing, { kind: 'unknown-key', what: 'untrusted' }, trusted)
  })
})
