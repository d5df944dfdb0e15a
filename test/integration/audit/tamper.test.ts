import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rootKeyOf } from '../../../server/audit/chain-keys.ts'
import { makeLink } from '../../../server/audit/link-maker.ts'
import { readStoredChain } from '../../../server/audit/stored-chain.ts'
import { openAuditReader } from '../../../server/db/open.ts'
import { toEntryRow, toPayloadRow, wordsOf } from '../../../server/db/repositories/audit-entry-row.ts'
import type { NewEntry } from '../../../server/db/repositories/audit-entry-row.ts'
import { inSnapshot } from '../../../server/db/transaction.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import { MerkleFrontier } from '../../../shared/audit/merkle.ts'
import type { Verdict, VerdictKind } from '../../../shared/audit/verdict.ts'
import type { VerificationOptions } from '../../../shared/audit/verification.ts'
import { verifyChain } from '../../../shared/audit/verification.ts'
import { CHAIN, newIntent, newSigner, openBench } from '../../unit/server/audit/chain-bench.ts'

type Sql = Database.Database
type Row = Readonly<Record<string, Buffer | string | number | null>>

const signer = newSigner()
const stranger = newSigner('stranger')
let folder = ''

/** Two chains made once: epochs of 16 entries, and one signed by the key store alone. Each row tampers with a copy. */
const make = async (mode: 'epoch' | 'hsm', file: string): Promise<void> => {
  const bench = await openBench({ mode, signer, epochEntries: 16 })
  for (let from = 0; from < 60; from += 20) {
    await bench.write(
      Array.from({ length: 20 }, (_, place) => newIntent({ object: { type: 'holder', id: `holder-${from + place}` } })),
    )
  }
  await bench.databases.audit.db.destroy()
  copyFileSync(join(bench.folder, 'audit.db'), file)
  await bench.close().catch(() => undefined)
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-tamper-'))
  await make('epoch', join(folder, 'epoch.db'))
  await make('hsm', join(folder, 'hsm.db'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const verifyFile = async (file: string, options: Partial<VerificationOptions>): Promise<Verdict> => {
  const reader = await openAuditReader({ dialect: 'sqlite', file })
  try {
    return await inSnapshot(reader.db, 'sqlite', async (trx) =>
      verifyChain(await readStoredChain(trx, CHAIN), {
        mode: 'full',
        trustedKeyIds: [keyIdOf(signer.publicKeySpki())],
        ...options,
      }),
    )
  } finally {
    await reader.close()
  }
}

/** Who writes into the file is not held by its unique indexes. */
const dropUnique = (db: Sql): void => {
  const rows = db.prepare("select name from sqlite_master where type = 'index' and sql like 'create unique%'").all()
  for (const { name } of rows as { name: string }[]) db.exec(`drop index "${name}"`)
}

const entry = (db: Sql, sequence: number): Row =>
  db.prepare('select * from entry where sequence = ?').get(sequence) as Row
const set =
  (column: string, value: unknown, sequence = N, table = 'entry') =>
  (db: Sql) => {
    db.prepare(`update ${table} set ${column} = ? where sequence = ?`).run(value, sequence)
  }
const insert = (db: Sql, table: string, row: Row): void => {
  const { id: _id, ...rest } = row
  const names = Object.keys(rest)
  db.prepare(`insert into ${table} (${names.join(',')}) values (${names.map(() => '?').join(',')})`).run(
    ...Object.values(rest),
  )
}
const flip = (bytes: unknown, at: number): Buffer => {
  const copy = Buffer.from(bytes as Buffer)
  const place = at < 0 ? copy.length + at : at
  copy[place] = (copy[place] ?? 0) ^ 1
  return copy
}
const flipColumn =
  (column: string, at: number, sequence = N, table = 'entry') =>
  (db: Sql) => {
    const row = db.prepare(`select ${column} as value from ${table} where sequence = ?`).get(sequence) as Row
    set(column, flip(row.value, at), sequence, table)(db)
  }
const editBody = (from: string, to: string) => (db: Sql) => {
  const text = (entry(db, N).bytes as Buffer).toString('utf8')
  expect(text).toContain(from)
  set('bytes', Buffer.from(text.replace(from, to)))(db)
}
const remove = (where: string) => (db: Sql) => {
  db.exec(`delete from entry where ${where}`)
  db.exec(`delete from payload where ${where}`)
}
const renumber = (from: number, by: number) => (db: Sql) => {
  for (const table of ['entry', 'payload']) {
    db.exec(`update ${table} set sequence = -sequence - 1 where sequence >= ${from}`)
    db.exec(`update ${table} set sequence = -sequence - 1 + ${by} where sequence < 0`)
  }
}
const swap = (left: number, right: number, tables: readonly string[]) => (db: Sql) => {
  dropUnique(db)
  for (const table of tables) {
    db.exec(`update ${table} set sequence = -1 where sequence = ${left}`)
    db.exec(`update ${table} set sequence = ${left} where sequence = ${right}`)
    db.exec(`update ${table} set sequence = ${right} where sequence = -1`)
  }
}
const rehead = (db: Sql): void => {
  const last = db.prepare('select sequence, signature from entry order by sequence desc limit 1').get() as Row
  db.prepare('update chain set head_sequence = ?, head_signature = ?').run(last.sequence, last.signature)
}
/** The row of a forged link; words it needs are put in as a writer would. */
const rowOf = (db: Sql, link: NewEntry): Row => {
  for (const text of wordsOf(link))
    if (text !== null) db.prepare('insert or ignore into word (text) values (?)').run(text)
  const words = db.prepare('select id, text from word').all() as { id: number; text: string }[]
  return toEntryRow(link, new Map(words.map(({ id, text }) => [text, id]))) as unknown as Row
}
const putEntry = (db: Sql, link: NewEntry): void => insert(db, 'entry', rowOf(db, link))
const put = (db: Sql, link: NewEntry): void => {
  putEntry(db, link)
  insert(db, 'payload', toPayloadRow(link) as unknown as Row)
}
/** A link over the entry at `over`, by whoever holds `key`. */
const forge = async (db: Sql, over: number, key: typeof signer, more = {}): Promise<NewEntry> => {
  const draft = {
    chain: CHAIN,
    sequence: over,
    signature: entry(db, over).signature as Buffer,
    tree: new MerkleFrontier(),
  }
  return (await makeLink(newIntent(more), draft, rootKeyOf(key))).link
}
const copyOf = (sequence: number, to: number) => (db: Sql) => {
  dropUnique(db)
  insert(db, 'entry', { ...entry(db, sequence), sequence: to })
}
const withKey =
  (column: string, value: (row: Row) => unknown, kind = 'epoch') =>
  (db: Sql) => {
    const row = db.prepare('select * from audit_key where kind = ? limit 1').get(kind) as Row
    db.prepare(`update audit_key set ${column} = ? where key_id = ?`).run(value(row), row.key_id)
  }

/** In the second epoch, between two announcements (18 and 35); the head is 64. */
const N = 25
const HEAD = 64

type Tamper = (db: Sql) => void | Promise<void>
type Case = readonly [name: string, tamper: Tamper, kind: VerdictKind, sequence: number]

const COLUMNS: readonly Case[] = [
  ['bytes: one bit', flipColumn('bytes', 40), 'altered', N],
  ['bytes: last bit', flipColumn('bytes', -1), 'altered', N],
  ['bytes: none', set('bytes', Buffer.alloc(0)), 'altered', N],
  ['bytes: another operator', editBody('operator-1', 'operator-2'), 'altered', N],
  ['bytes: another time', editBody('"at":1', '"at":2'), 'altered', N],
  ['bytes: another action', editBody('Insertion', 'Deletion'), 'altered', N],
  ['bytes: not canonical', editBody('{"action"', '{ "action"'), 'altered', N],
  ['bytes: another sequence', editBody(`"sequence":${N}`, '"sequence":3'), 'altered', N],
  ['bytes: another chain', editBody(`"chain":"${CHAIN}"`, '"chain":"node-9"'), 'altered', N],
  ['signature: one bit', flipColumn('signature', 3), 'altered', N],
  ['signature: removed', set('signature', Buffer.alloc(0)), 'unsealed', N],
  ['signature: of its neighbour', (db) => set('signature', entry(db, N + 1).signature)(db), 'altered', N],
  ['previous signature: one bit', flipColumn('previous_signature', 3), 'altered', N],
  ['key_id', set('key_id', 'another'), 'altered', N],
  ['intent_id', set('intent_id', 'another'), 'altered', N],
  ['chain', set('chain', 'another'), 'deleted', N],
  ['at', set('at', 1), 'altered', N],
  ['tenant', set('tenant', 'another'), 'altered', N],
  ['division', set('division', 'another'), 'altered', N],
  ['office', set('office', null), 'altered', N],
  ['operator_id', set('operator_id', 'another'), 'altered', N],
  ['operator_role', set('operator_role', 'SA'), 'altered', N],
  ['station', set('station', null), 'altered', N],
  ['action', set('action', 'Deletion'), 'altered', N],
  ['object_type', set('object_type', 'card'), 'altered', N],
  ['object_id', set('object_id', 'another'), 'altered', N],
  ['correlation_id', set('correlation_id', 'another'), 'altered', N],
]

const PAYLOADS: readonly Case[] = [
  ['payload: one bit', flipColumn('bytes', 9, N, 'payload'), 'payload-mismatch', N],
  ['payload: one bit of salt', flipColumn('salt', 0, N, 'payload'), 'payload-mismatch', N],
  ['payload: shorter salt', set('salt', Buffer.alloc(15), N, 'payload'), 'payload-mismatch', N],
  [
    'payload: deleted',
    (db) => db.exec(`delete from payload where sequence = ${N}`) && undefined,
    'payload-mismatch',
    N,
  ],
  ['payload: emptied', set('bytes', null, N, 'payload'), 'payload-mismatch', N],
  ['payload: of its neighbour', swap(N, N + 1, ['payload']), 'payload-mismatch', N],
  ['payload: marked erased but there', set('erased_rule', 'none', N, 'payload'), 'payload-mismatch', N],
  [
    'payload: a second one',
    (db) => {
      dropUnique(db)
      const row = db.prepare('select * from payload where sequence = ?').get(N + 1) as Row
      insert(db, 'payload', { ...row, sequence: N })
    },
    'payload-mismatch',
    N,
  ],
  [
    'payload: erased with no tombstone',
    (db) => {
      db.exec(
        `update payload set bytes = null, erased_at = 1, erased_by = 'x', erased_rule = 'y' where sequence = ${N}`,
      )
    },
    'payload-mismatch',
    N,
  ],
]

const STRUCTURE: readonly Case[] = [
  ['one entry deleted', remove(`sequence = ${N}`), 'deleted', N],
  ['three entries deleted', remove(`sequence between ${N} and ${N + 2}`), 'deleted', N],
  [
    'one deleted and the rest renumbered',
    (db) => {
      dropUnique(db)
      remove(`sequence = ${N}`)(db)
      renumber(N + 1, -1)(db)
    },
    'deleted',
    N,
  ],
  ['the first entry deleted', remove('sequence = 0'), 'deleted', 0],
  ['an announcement deleted', remove('sequence = 18'), 'deleted', 18],
  ['duplicated in place', copyOf(N, N), 'inserted', N],
  ['duplicated further on', copyOf(N, 40), 'inserted', 40],
  ['duplicated further up', copyOf(40, N), 'inserted', N],
  ['duplicated past the end', copyOf(N, HEAD + 1), 'inserted', HEAD + 1],
  ['swapped with its neighbour', swap(N, N + 1, ['entry', 'payload']), 'reordered', N],
  ['moved to the end', swap(N, HEAD + 1, ['entry', 'payload']), 'reordered', N],
  ['swapped across an epoch', swap(N, 50, ['entry', 'payload']), 'reordered', N],
  ['tail cut by 1', remove(`sequence > ${HEAD - 1}`), 'truncated', HEAD],
  ['tail cut by 10', remove(`sequence > ${HEAD - 10}`), 'truncated', HEAD - 9],
  ['tail cut by half', remove('sequence > 32'), 'truncated', 33],
  ['everything deleted', remove('1 = 1'), 'truncated', 0],
  ['head: signature', (db) => db.exec("update chain set head_signature = x'00'") && undefined, 'altered', HEAD],
  [
    'head: sequence before the end',
    (db) => db.exec('update chain set head_sequence = 60') && undefined,
    'stale-head',
    61,
  ],
  ['head: sequence past the end', (db) => db.exec('update chain set head_sequence = 70') && undefined, 'truncated', 65],
  ['head: tree edge', (db) => db.exec("update chain set frontier = x'00'") && undefined, 'altered', HEAD],
  ['the chain row deleted', (db) => db.exec('delete from chain') && undefined, 'altered', HEAD],
  [
    "inserted between, signed with a stranger's key",
    async (db) => {
      dropUnique(db)
      const link = await forge(db, N - 1, stranger)
      renumber(N, 1)(db)
      put(db, link)
    },
    'inserted',
    N,
  ],
  [
    'inserted in place, with a forged signature',
    async (db) => {
      dropUnique(db)
      const link = await forge(db, N, stranger)
      insert(db, 'entry', { ...rowOf(db, link), sequence: N })
    },
    'inserted',
    N,
  ],
  [
    'replaced by one signed with a key nobody knows',
    async (db) => {
      const link = await forge(db, N - 1, stranger)
      remove(`sequence = ${N}`)(db)
      put(db, link)
    },
    'unknown-key',
    N,
  ],
  [
    'appended, signed with a key nobody knows',
    async (db) => {
      put(db, await forge(db, HEAD, stranger))
      rehead(db)
    },
    'unknown-key',
    HEAD + 1,
  ],
]

const KEYS: readonly Case[] = [
  ['key: another public key', withKey('spki', () => Buffer.from(stranger.publicKeySpki())), 'altered', 1],
  ['key: epoch said to be of the key store', withKey('kind', () => 'hsm'), 'altered', 1],
  ['key: another algorithm', withKey('algorithm', () => 'rsa-2048'), 'altered', 1],
  ['key: another label', withKey('label', () => 'x'), 'altered', 1],
  ['key: a certificate added', withKey('certificate', () => Buffer.from('x')), 'altered', 1],
  ['key: another time', withKey('created_at', () => 5), 'altered', 1],
  ['key: another endorser', withKey('endorsed_by', () => 'x'), 'altered', 1],
  ['key: one bit of the endorsement', withKey('endorsement', (row) => flip(row.endorsement, 5)), 'altered', 1],
  ['key: one bit of the statement', withKey('statement', (row) => flip(row.statement, 20)), 'altered', 1],
  ['key: another name', withKey('key_id', () => 'x'), 'unknown-key', 1],
  ['key: deleted', (db) => db.exec("delete from audit_key where kind = 'epoch'") && undefined, 'unknown-key', 1],
  ['key: the root deleted', (db) => db.exec("delete from audit_key where kind = 'hsm'") && undefined, 'unknown-key', 0],
  [
    'key: one added that nobody announced',
    (db) => {
      const row = db.prepare('select * from audit_key limit 1').get() as Row
      insert(db, 'audit_key', { ...row, key_id: 'another' })
    },
    'inserted',
    HEAD,
  ],
]

const runCase = async (base: string, tamper: Tamper, options: Partial<VerificationOptions>): Promise<Verdict> => {
  const file = join(folder, `copy-${Math.random().toString(36).slice(2)}.db`)
  copyFileSync(join(folder, `${base}.db`), file)
  const db = new Database(file)
  try {
    await tamper(db)
  } finally {
    db.close()
  }
  return verifyFile(file, options)
}

describe('the untouched chain', () => {
  it.each(['epoch', 'hsm'])('passes, quick and full: %s', async (base) => {
    for (const mode of ['quick', 'full'] as const) {
      expect(await runCase(base, () => undefined, { mode })).toMatchObject({ ok: true, mode })
    }
  })

  it('quick checks the signatures of announcements and of the tail only', async () => {
    const quick = await runCase('epoch', () => undefined, { mode: 'quick' })
    const full = await runCase('epoch', () => undefined, { mode: 'full' })
    expect(full).toMatchObject({ entries: 65, signaturesChecked: 65 })
    expect(quick).toMatchObject({ entries: 65, signaturesChecked: 17 })
    expect(quick.ok && full.ok && quick.root === full.root).toBe(true)
  })
})

describe.each(['full', 'quick'] as const)('a tampered chain, verified %s', (mode) => {
  it.each([...COLUMNS, ...PAYLOADS, ...STRUCTURE, ...KEYS])('%s', async (_, tamper, kind, sequence) => {
    expect(await runCase('epoch', tamper, { mode })).toMatchObject({ ok: false, kind, sequence })
  })
})

/** By one who holds the key of the key store itself. */
describe.each(['full', 'quick'] as const)('a chain tampered with by the holder of the key, verified %s', (mode) => {
  const FORKS: readonly Case[] = [
    [
      'a second entry in one place',
      async (db) => {
        dropUnique(db)
        putEntry(db, await forge(db, N - 1, signer))
      },
      'forked',
      N,
    ],
    [
      'a second branch to the end',
      async (db) => {
        dropUnique(db)
        const draft = {
          chain: CHAIN,
          sequence: N - 1,
          signature: entry(db, N - 1).signature as Buffer,
          tree: new MerkleFrontier(),
        }
        const first = await makeLink(newIntent(), draft, rootKeyOf(signer))
        putEntry(db, first.link)
        putEntry(db, (await makeLink(newIntent(), first.draft, rootKeyOf(signer))).link)
      },
      'forked',
      N,
    ],
    [
      'one entry replaced and signed anew',
      async (db) => {
        const link = await forge(db, N - 1, signer)
        remove(`sequence = ${N}`)(db)
        put(db, link)
      },
      'forked',
      N + 1,
    ],
    ['an appended entry the head does not know', async (db) => put(db, await forge(db, 60, signer)), 'stale-head', 61],
  ]
  it.each(FORKS)('%s', async (_, tamper, kind, sequence) => {
    expect(await runCase('hsm', tamper, { mode })).toMatchObject({ ok: false, kind, sequence })
  })

  it('a tail replaced and signed anew passes alone, and is caught by whoever saw the head before', async () => {
    const witness: { sequence: number; signature: Uint8Array }[] = []
    const resign = async (db: Sql): Promise<void> => {
      witness.push({ sequence: 60, signature: entry(db, 60).signature as Buffer })
      const link = await forge(db, 59, signer)
      remove('sequence = 60')(db)
      put(db, link)
      rehead(db)
      db.exec('update chain set frontier = (select frontier from chain)')
    }
    const alone = await runCase('hsm', resign, { mode })
    // The stored tree edge is of the old entry: even this is seen, unless it is forged as well.
    expect(alone).toMatchObject({ ok: false, kind: 'altered', what: 'frontier' })
    const [witnessed] = witness
    expect(await runCase('hsm', resign, witnessed ? { mode, witnessed } : { mode })).toMatchObject({
      ok: false,
      kind: 'forked',
      sequence: 60,
      what: 'witness',
    })
  })

  it('a cut tail with a forged head is caught by whoever saw the head before', async () => {
    const witnessed = { sequence: 60, signature: new Uint8Array(8) }
    const cut: Tamper = (db) => {
      remove('sequence > 50')(db)
      rehead(db)
    }
    expect(await runCase('hsm', cut, { mode, witnessed })).toMatchObject({ ok: false, kind: 'truncated', sequence: 51 })
  })

  it('a chain no trusted key ever signed is refused', async () => {
    const trustedKeyIds = [keyIdOf(stranger.publicKeySpki())]
    expect(await runCase('hsm', () => undefined, { mode, trustedKeyIds })).toMatchObject({
      ok: false,
      kind: 'unknown-key',
      what: 'untrusted',
    })
  })
})
