import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteFile, sqliteDialect } from '../../../../server/db/dialects/sqlite.ts'
import { migrate } from '../../../../server/db/migrate.ts'
import { AUDIT_MIGRATIONS } from '../../../../server/db/migrations/index.ts'
import {
  createAuditDatabase,
  createOperationalDatabase,
  openAuditReader,
  openDatabases,
} from '../../../../server/db/open.ts'
import type { DatabasesConfig, Opened } from '../../../../server/db/open.ts'
import { registerDatabase } from '../../../../server/db/transaction.ts'

let folder: string
let config: DatabasesConfig
const file = (name: string): string => join(folder, `${name}.db`)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-db-'))
  config = {
    operational: { dialect: 'sqlite', file: file('operational') },
    audit: { dialect: 'sqlite', file: file('audit') },
  }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const create = async (): Promise<void> => {
  await createOperationalDatabase(config.operational)
  await createAuditDatabase(config.audit)
}
const run = (name: string, statement: string): void => {
  const db = new Database(file(name))
  db.exec(statement)
  db.close()
}

describe('when databases are opened', () => {
  it('are durable: WAL, synchronous FULL, foreign keys', async () => {
    await create()
    const databases = await openDatabases(config)
    const raw = new Database(file('audit'))
    expect(raw.pragma('journal_mode', { simple: true })).toBe('wal')
    raw.close()
    const { db } = databases.operational
    const office = { id: 'o', tenant: 'nobody', division: 'nobody', name: 'x', created_at: 1, updated_at: 1 }
    await expect(db.insertInto('office').values(office).execute()).rejects.toMatchObject({
      code: 'REQUEST_CONFLICT',
      detail: { reason: 'reference' },
    })
    await databases.close()
  })

  it('sorts on disk only what a migration makes: afterwards nothing of ours lies beside the database', async () => {
    await create()
    const databases = await openDatabases(config)
    for (const { db } of [databases.audit, databases.operational] as unknown as readonly Opened<never>[]) {
      const { rows } = await sql<{ temp_store: number }>`pragma temp_store`.execute(db)
      expect(rows).toEqual([{ temp_store: 2 }])
    }
    await databases.close()
  })

  it('opened twice, nothing changes', async () => {
    await create()
    for (let round = 0; round < 2; round += 1) await (await openDatabases(config)).close()
    expect(readdirSync(folder).filter((name) => name.includes('before'))).toEqual([])
  })

  it.each(['audit', 'operational'] as const)('never makes the missing %s database', async (name) => {
    await create()
    rmSync(file(name))
    await expect(openDatabases(config)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      detail: { reason: 'database-missing', database: name },
    })
    expect(existsSync(file(name))).toBe(false)
  })

  it('takes no empty file for a database', async () => {
    await create()
    rmSync(file('audit'))
    writeFileSync(file('audit'), '')
    await expect(openDatabases(config)).rejects.toMatchObject({ detail: { reason: 'database-missing' } })
  })

  it('takes no other file for a database', async () => {
    await create()
    rmSync(file('audit'))
    writeFileSync(file('audit'), 'this is no database, it is a letter'.repeat(100))
    await expect(openDatabases(config)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
  })

  it('makes none over another, and keeps the two apart', async () => {
    await create()
    await expect(createAuditDatabase(config.audit)).rejects.toMatchObject({ detail: { reason: 'database-exists' } })
    await expect(createOperationalDatabase(config.operational)).rejects.toMatchObject({
      detail: { reason: 'database-exists' },
    })
    await expect(openDatabases({ operational: config.audit, audit: config.audit })).rejects.toMatchObject({
      detail: { reason: 'databases-not-apart' },
    })
  })

  it.each([
    ['a newer migration', "insert into migration values ('9999-future', 'x', 1)", 'migration-unknown'],
    ['a changed migration', "update migration set checksum = 'x' where id = '0001-initial'", 'migration-changed'],
    [
      'another first migration',
      "update migration set id = '0000-other' where id = '0001-initial'",
      'migration-unknown',
    ],
  ])('refuses %s and touches nothing', async (_, sql, reason) => {
    await create()
    run('audit', sql)
    await expect(openDatabases(config)).rejects.toMatchObject({ code: 'CONFIG_INVALID', detail: { reason } })
  })

  it('copies a SQLite file before it brings it to a newer form, and the copy is whole', async () => {
    await createOperationalDatabase(config.operational)
    const token = {}
    const dialect = sqliteDialect(openSqliteFile({ file: file('audit'), mustExist: false }), token)
    const old = new Kysely<never>({ dialect })
    registerDatabase(old, token)
    await migrate(old, AUDIT_MIGRATIONS.slice(0, 1), 'sqlite')
    await old.destroy()
    run('audit', "insert into checkpoint values ('node-1', 7, x'00', 'kept', 1, null)")
    await (await openDatabases(config)).close()
    const copy = new Database(`${file('audit')}.before-${AUDIT_MIGRATIONS[1]?.id}`)
    expect(copy.prepare('select note from checkpoint').get()).toEqual({ note: 'kept' })
    expect(copy.prepare('select id from migration').all()).toEqual([{ id: '0001-initial' }])
    copy.close()
    const now = new Database(file('audit'))
    expect(now.prepare('select id from migration').all()).toHaveLength(AUDIT_MIGRATIONS.length)
    now.close()
  })

  it('reads beside a writer over one view', async () => {
    await create()
    const reader = await openAuditReader(config.audit)
    await expect(
      reader.db
        .insertInto('checkpoint')
        .values({ chain: 'a', size: 1, root: new Uint8Array(1), note: '', created_at: 1, timestamp_token: null })
        .execute(),
    ).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
    await reader.close()
  })
})
