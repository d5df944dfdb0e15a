import Database from 'better-sqlite3'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely, sql } from 'kysely'
import { afterEach, describe, expect, it } from 'vitest'
import { openSqliteFile, sqliteDialect } from '../../../../server/db/dialects/sqlite.ts'
import { migrate } from '../../../../server/db/migrate.ts'
import { AUDIT_MIGRATIONS } from '../../../../server/db/migrations/index.ts'
import { registerDatabase } from '../../../../server/db/transaction.ts'
import { Sequencer } from '../../../../server/audit/sequencer.ts'
import { AuditTrail } from '../../../../server/audit/trail.ts'
import { openAuditDatabase } from '../../../../server/db/open.ts'
import { verifyDatabase, CHAIN, newIntent, openBench } from '../audit/chain-bench.ts'
import type { Bench } from '../audit/chain-bench.ts'

let bench: Bench
let folder: string
afterEach(async () => {
  await bench.close()
  rmSync(folder, { recursive: true, force: true })
})

/** An audit database of the second form, with the entries of a real chain in it. */
const makeOld = async (): Promise<string> => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-old-'))
  const file = join(folder, 'audit.db')
  const token = {}
  const db = new Kysely<never>({ dialect: sqliteDialect(openSqliteFile({ file, mustExist: false }), token) })
  registerDatabase(db, token)
  await migrate(db, AUDIT_MIGRATIONS.slice(0, 2), 'sqlite')
  await db.destroy()
  const old = new Database(file)
  old.exec(`attach '${join(bench.folder, 'audit.db')}' as now`)
  const word = (column: string): string => `(select text from now.word where id = e.${column})`
  const words = [
    'key_id',
    'tenant',
    'division',
    'office',
    'operator_id',
    'operator_role',
    'station',
    'action',
    'object_type',
  ]
  const plain = ['id', 'chain', 'sequence', 'at', 'object_id', 'correlation_id', 'intent_id', 'signature', 'bytes']
  old.exec(
    `insert into entry (${[...plain, ...words, 'previous_signature'].join(',')})
     select ${[...plain.map((column) => `e.${column}`), ...words.map(word)].join(',')},
     coalesce((select b.signature from now.entry b where b.sequence = e.sequence - 1), x'00') from now.entry e order by e.id`,
  )
  // The first entry stands over the chain's genesis value, which no entry holds.
  const first = old.prepare('select bytes from entry where sequence = 0').get() as { bytes: Buffer }
  const { previous } = JSON.parse(first.bytes.toString()) as { previous: string }
  old.prepare('update entry set previous_signature = ? where sequence = 0').run(Buffer.from(previous, 'base64url'))
  for (const table of ['payload', 'chain', 'audit_key']) old.exec(`insert into ${table} select * from now.${table}`)
  old.exec(
    "insert into entry_search (rowid, words) select id, 'anna rossi ' || replace(object_id, '-', ' ') from entry",
  )
  old.close()
  return file
}

describe('an audit database with entries in it', () => {
  it('keeps them all, in half the room: they verify, are found by every filter, and the chain goes on', async () => {
    bench = await openBench()
    const intents = Array.from({ length: 40 }, (_, place) =>
      newIntent({
        object: { type: place % 2 ? 'card' : 'holder', id: `object-${place}` },
        operator: place % 3 ? { id: `operator-${place % 3}`, role: 'RO', office: null } : null,
        station: place % 4 ? 'station-1' : null,
        office: place % 5 ? 'office-1' : null,
      }),
    )
    await bench.write(intents)
    const audit = await openAuditDatabase({ dialect: 'sqlite', file: await makeOld() })
    const databases = { ...bench.databases, audit }
    for (const mode of ['full', 'quick'] as const)
      expect(await verifyDatabase(databases, bench.signer, mode)).toMatchObject({ ok: true, entries: 42 })
    const trail = new AuditTrail(audit, () => Promise.resolve(new Map()))
    const count = async (filter: Parameters<AuditTrail['list']>[0]): Promise<number> =>
      (await trail.list(filter, { limit: 200 })).items.length
    expect(await count({ chain: CHAIN })).toBe(42)
    expect(await count({ objectType: 'card' })).toBe(20)
    expect(await count({ operatorIds: ['operator-1'] })).toBe(13)
    expect(await count({ stations: ['station-1'] })).toBe(30)
    expect(await count({ offices: ['office-1'], objectType: 'holder' })).toBe(16)
    expect(await count({ text: '"object 7"' })).toBe(1)
    const unique = await sql<{ found: number }>`select count(*) as found from sqlite_master
      where type = 'index' and tbl_name = 'entry' and sql like 'create unique%'`.execute(audit.db)
    expect(unique.rows[0]?.found).toBe(3)
    await expect(
      sql`insert into entry select max(id) + 1, chain, 999, at, tenant, division, office, operator_id, operator_role,
        station, action, object_type, key_id, object_id, correlation_id, 'another', previous_signature, signature, bytes, 0
        from entry where sequence = 5`.execute(audit.db),
    ).rejects.toMatchObject({ code: 'REQUEST_CONFLICT', detail: { reason: 'order' } })
    const sequencer = new Sequencer({ ...databases, chain: CHAIN, mode: 'epoch', signer: bench.signer })
    await sequencer.start()
    await Promise.all(Array.from({ length: 5 }, () => sequencer.append([newIntent()])))
    await sequencer.close()
    // Those five and the key they are signed with.
    expect(await verifyDatabase(databases, bench.signer, 'full')).toMatchObject({ ok: true, entries: 48 })
    expect(await count({ chain: CHAIN })).toBe(48)
    await audit.close()
  })
})
