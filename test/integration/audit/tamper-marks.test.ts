import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rootKeyOf } from '../../../server/audit/chain-keys.ts'
import { draftOf, makeLink } from '../../../server/audit/link-maker.ts'
import { Proofs } from '../../../server/audit/proofs.ts'
import { openAuditReader } from '../../../server/db/open.ts'
import { parseCheckpoint, parseNote } from '../../../shared/audit/checkpoint.ts'
import { stampedDigest } from '../../../shared/audit/checkpoint-stamp.ts'
import { verifyConsistency } from '../../../shared/audit/merkle.ts'
import { OID, verifyTimeStampToken } from '../../../shared/pki/index.ts'
import { CHAIN, newIntent } from '../../unit/server/audit/chain-bench.ts'
import { AT, certify, rootAuthority, testKey } from '../../unit/shared/pki/authority.ts'
import type { Authority } from '../../unit/shared/pki/authority.ts'
import { makeToken } from '../../unit/shared/pki/tsa.ts'
import {
  CHECKPOINTS,
  ERASED,
  ERASED_AT,
  HEAD,
  N,
  dropUnique,
  entry,
  flip,
  makeLongChain,
  put,
  reheadWhole,
  remove,
  run,
  runCase,
  set,
  signer,
} from './tamper-ground.ts'
import type { Case, Row, Sql, Tamper } from './tamper-ground.ts'

/** What lies beside the signed chain and is shown: marks of erased payloads, time-stamps, keys and witnesses of notes. */
let folder = ''
let root: Authority
let strange: Authority

/** A token over a note, by an authority under `issuer`. */
const tokenOver = async (note: string, issuer: Authority, genTime = '20261122120000Z'): Promise<Buffer> => {
  const key = testKey('ecdsa-sha256')
  const usage = { keyUsage: ['digitalSignature'], extendedKeyUsage: [OID.timeStamping] } as const
  const certificate = await certify(key, issuer, { name: 'Time', ...usage, extendedKeyUsageCritical: true })
  return Buffer.from(await makeToken({ key, certificate, imprint: stampedDigest(note), genTime }))
}

const [FIRST, STAMPED, OTHER] = CHECKPOINTS
const checkpoint = (db: Sql, size: number = STAMPED): Row =>
  db.prepare('select * from checkpoint where size = ?').get(size) as Row
const stamp = (db: Sql, token: unknown, at: number | null, size: number = STAMPED): void =>
  void db.prepare('update checkpoint set timestamp_token = ?, stamped_at = ? where size = ?').run(token, at, size)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-marks-'))
  await makeLongChain(join(folder, 'epoch.db'))
  await makeLongChain(join(folder, 'other.db'))
  ;[root, strange] = [await rootAuthority(), await rootAuthority()]
  copyFileSync(join(folder, 'epoch.db'), join(folder, 'stamped.db'))
  const db = new Database(join(folder, 'stamped.db'))
  stamp(db, await tokenOver(String(checkpoint(db)['note']), root), AT.getTime())
  db.close()
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const expectFound = async (base: string, tamper: Tamper, found: object, options = {}): Promise<void> => {
  const [full, quick] = await runCase(folder, base, tamper, options)
  expect(full).toMatchObject({ ok: false, ...found })
  expect(quick).toMatchObject({ ok: false, ...found })
}
const expectUnseen = async (base: string, tamper: Tamper): Promise<void> => {
  for (const verdict of await runCase(folder, base, tamper)) expect(verdict).toMatchObject({ ok: true })
}

/** `what` names the column. */
type Named = readonly [...row: Case, what: string]
const [, MARKED] = ERASED
const mark = (column: string, value: unknown): Tamper => set(column, value, MARKED, 'payload')
const MARKS: readonly Named[] = [
  ['erased by another', mark('erased_by', 'operator-2'), 'payload-mismatch', MARKED, 'erased_by'],
  ['erased by an empty name', mark('erased_by', ''), 'payload-mismatch', MARKED, 'erased_by'],
  ['erased by bytes', mark('erased_by', Buffer.from('operator-1')), 'payload-mismatch', MARKED, 'erased_by'],
  ['erased by nobody', mark('erased_by', null), 'payload-mismatch', MARKED, 'missing'],
  ['under another rule', mark('erased_rule', 'data-subject-request'), 'payload-mismatch', MARKED, 'erased_rule'],
  ['under no rule', mark('erased_rule', null), 'payload-mismatch', MARKED, 'missing'],
  ['a moment later', mark('erased_at', ERASED_AT + 1), 'payload-mismatch', MARKED, 'erased_at'],
  ['years before', mark('erased_at', 1), 'payload-mismatch', MARKED, 'erased_at'],
  ['at no time', mark('erased_at', null), 'payload-mismatch', MARKED, 'missing'],
  ['at a time that is text', mark('erased_at', 'then'), 'payload-mismatch', MARKED, 'erased_at'],
  ['with a salt put there', mark('salt', Buffer.alloc(16)), 'payload-mismatch', MARKED, 'salt'],
  [
    'all of them alike, by another',
    run(`update payload set erased_by = 'operator-2' where bytes is null`),
    'payload-mismatch',
    ERASED[0],
    'erased_by',
  ],
  [
    'one more erased, marked as its neighbours are',
    (db) => {
      const row = db.prepare('select * from payload where sequence = ?').get(MARKED) as Row
      db.prepare('delete from payload where sequence = ?').run(N)
      dropUnique(db)
      db.prepare(
        'insert into payload select chain, ?, salt, bytes, erased_at, erased_by, erased_rule from payload where sequence = ?',
      ).run(N, row['sequence'])
    },
    'payload-mismatch',
    N,
    'erased',
  ],
]

const altered = (name: string, tamper: Tamper, column: string, size: number = STAMPED): Named => [
  name,
  tamper,
  'altered',
  size,
  `checkpoint.${column}`,
]
const turned =
  (at: number): Tamper =>
  (db) =>
    stamp(db, flip(checkpoint(db)['timestamp_token'], at), AT.getTime())
const STAMPS: readonly Named[] = [
  altered('another time', (db) => stamp(db, checkpoint(db)['timestamp_token'], AT.getTime() - 1000), 'stamped_at'),
  altered('no time', (db) => stamp(db, checkpoint(db)['timestamp_token'], null), 'stamped_at'),
  altered('a time and no token', (db) => stamp(db, null, AT.getTime()), 'stamped_at'),
  altered('a time where none was stamped', (db) => stamp(db, null, AT.getTime(), OTHER), 'stamped_at', OTHER),
  altered('an empty token', (db) => stamp(db, Buffer.alloc(0), AT.getTime()), 'timestamp_token'),
  altered('a token that is none', (db) => stamp(db, Buffer.from('token'), AT.getTime()), 'timestamp_token'),
  altered('a token that is text', (db) => stamp(db, 'token', AT.getTime()), 'timestamp_token'),
  altered('the first bit of the token', turned(0), 'timestamp_token'),
  altered('the last bit of its signature', turned(-1), 'timestamp_token'),
  altered(
    'moved to another checkpoint',
    (db) => {
      const { timestamp_token: token } = checkpoint(db)
      stamp(db, null, null)
      stamp(db, token, AT.getTime(), OTHER)
    },
    'timestamp_token',
    OTHER,
  ),
  altered(
    'copied to another checkpoint',
    (db) => stamp(db, checkpoint(db)['timestamp_token'], AT.getTime(), FIRST),
    'timestamp_token',
    FIRST,
  ),
  altered(
    'a token over another note',
    async (db) => stamp(db, await tokenOver(String(checkpoint(db, OTHER)['note']), root), AT.getTime()),
    'timestamp_token',
  ),
]

describe('marks of what was erased', () => {
  it.each(MARKS)('%s', async (_, tamper, kind, sequence, what) => {
    await expectFound('epoch', tamper, { kind, sequence, what })
  })
})

describe('time-stamps of checkpoints', () => {
  it('pass over their own note', () => expectUnseen('stamped', () => undefined))

  it.each(STAMPS)('%s', async (_, tamper, kind, sequence, what) => {
    await expectFound('stamped', tamper, { kind, sequence, what })
  })

  it('of an authority nobody knows pass here, and not where anchors are', async () => {
    let forged = new Uint8Array()
    let imprint = new Uint8Array()
    await expectUnseen('stamped', async (db) => {
      const note = String(checkpoint(db)['note'])
      imprint = Uint8Array.from(stampedDigest(note))
      forged = Uint8Array.from(await tokenOver(note, strange, '20261121120000Z'))
      stamp(db, Buffer.from(forged), AT.getTime() - 86_400_000)
    })
    const wanted = { imprint: { hash: 'sha256', digest: imprint }, revocation: 'none', now: AT } as const
    const verifyBy = (by: Authority) => () => verifyTimeStampToken(forged, { ...wanted, anchors: [by.certificate] })
    expect(verifyBy(strange)).not.toThrow()
    expect(verifyBy(root)).toThrow()
  })
})

/** FORMAT.md says of each of these that nothing signs it, and why that deceives nobody. */
const UNSIGNED: readonly (readonly [string, Tamper])[] = [
  ['a checkpoint: when it was stored', run('update checkpoint set created_at = 1')],
  ['a checkpoint: its time-stamp taken away', (db) => stamp(db, null, null)],
  ['a note key: its own name', run("update note_key set key_id = 'x'")],
  ['a note key: when it was stored', run('update note_key set created_at = 1')],
  ['a note key: the sealed private half', run("update note_key set sealed = x'00'")],
  ['a block root of the tree', run('update tree_hash set hash = zeroblob(32)')],
  ['block roots taken away', run('delete from tree_hash')],
  ['a cosignature put there', run("insert into cosignature values ('node-1', 'station/x', 900, 'no line', 1, 1)")],
  ['a witness put there', run("insert into witness values ('station/x', 'tenant-1', 'x', 'no key', 1)")],
]

describe('what nothing signs', () => {
  it.each(UNSIGNED)('%s', (_, tamper) => expectUnseen('stamped', tamper))

  it('a note key of another chain signs nothing here', () =>
    expectFound('epoch', run("update note_key set chain = 'another'"), { kind: 'unknown-key', sequence: FIRST }))

  it('a proof over a forged block root proves nothing', async () => {
    const file = join(folder, 'roots.db')
    copyFileSync(join(folder, 'epoch.db'), file)
    const db = new Database(file)
    const rootOf = (size: number) => parseCheckpoint(parseNote(String(checkpoint(db, size)['note'])).text).root
    const [from, to] = [
      { size: FIRST, root: rootOf(FIRST) },
      { size: OTHER, root: rootOf(OTHER) },
    ]
    const prove = async (): Promise<void> => {
      const reader = await openAuditReader({ dialect: 'sqlite', file })
      try {
        verifyConsistency(from, to, await new Proofs(reader.db).consistency(CHAIN, FIRST, OTHER))
      } finally {
        await reader.close()
      }
    }
    await prove()
    db.exec('update tree_hash set hash = zeroblob(32)')
    db.close()
    await expect(prove()).rejects.toThrow()
  })
})

/** The heads others were shown of the chain as it was. */
const headAt = (base: string, sequence: number): { readonly sequence: number; readonly signature: Uint8Array } => {
  const db = new Database(join(folder, `${base}.db`), { readonly: true })
  const { signature } = entry(db, sequence)
  db.close()
  return { sequence, signature: Uint8Array.from(signature as Buffer) }
}

/** The key's holder writes everything from `from` on anew, with a tombstone for what is erased before, and tidies up. */
const rewriteFrom =
  (from: number): Tamper =>
  async (db) => {
    const previous = entry(db, from - 1)['signature'] as Buffer
    remove(`sequence >= ${from}`)(db)
    const start = draftOf(CHAIN, { sequence: -1, signature: previous, frontier: new Uint8Array(0) })
    let draft = { ...start, sequence: from - 1 }
    const tombstone = newIntent({
      at: ERASED_AT,
      action: 'Deletion',
      object: { type: 'audit-payload', id: `${ERASED[0]}-${ERASED[2]}` },
      after: { by: 'operator-1', rule: 'retention' },
    })
    for (let sequence = from; sequence <= HEAD; sequence += 1) {
      const intent = sequence === from ? tombstone : newIntent({ reason: 'another past' })
      const made = await makeLink(intent, draft, rootKeyOf(signer))
      put(db, made.link)
      draft = made.draft
    }
    reheadWhole(db)
    db.exec(`delete from checkpoint where size > ${from}`)
    const announced = db.prepare('select object_id as id from entry').all() as { id: string }[]
    const ids = new Set(announced.map(({ id }) => id))
    const keys = db.prepare('select key_id as id from audit_key').all() as { id: string }[]
    for (const { id } of keys) if (!ids.has(id)) db.prepare('delete from audit_key where key_id = ?').run(id)
  }

describe('2,000 entries with epochs, signed anew with the real key', () => {
  const expectCaught = async (tamper: Tamper, base: string, seen: readonly number[]): Promise<void> => {
    for (const alone of await runCase(folder, base, tamper))
      expect(alone).toMatchObject({ ok: true, entries: HEAD + 1 })
    for (const sequence of seen) {
      const witnessed = headAt('epoch', sequence)
      await expectFound(base, tamper, { kind: 'forked', sequence, what: 'witness' }, { witnessed })
    }
  }

  it.each([650, 1500])('from %i on: passes alone, caught by whoever saw a head after', async (from) => {
    await expectCaught(rewriteFrom(from), 'epoch', [from, HEAD])
  })

  it('the whole, with epochs, roll-over and checkpoints of its own: caught by every head and every checkpoint', async () => {
    await expectCaught(() => undefined, 'other', [1, N, HEAD])
    const db = new Database(join(folder, 'epoch.db'), { readonly: true })
    const other = new Database(join(folder, 'other.db'), { readonly: true })
    const [kept, shown] = [db, other].map((each) => Buffer.from(checkpoint(each)['root'] as Buffer))
    db.close()
    other.close()
    expect(kept?.equals(shown ?? Buffer.alloc(0))).toBe(false)
  })
})
