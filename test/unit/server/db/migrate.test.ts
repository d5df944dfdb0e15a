import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely, sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteFile, sqliteDialect } from '../../../../server/db/dialects/sqlite.ts'
import { migrate } from '../../../../server/db/migrate.ts'
import { AUDIT_MIGRATIONS, OPERATIONAL_MIGRATIONS } from '../../../../server/db/migrations/index.ts'
import type { Migration } from '../../../../server/db/migrations/index.ts'
import { registerDatabase } from '../../../../server/db/transaction.ts'

let folder: string
let db: Kysely<never>
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-migrate-'))
  const token = {}
  db = new Kysely<never>({
    dialect: sqliteDialect(openSqliteFile({ file: join(folder, 'a.db'), mustExist: false }), token),
  })
  registerDatabase(db, token)
})
afterEach(async () => {
  await db.destroy()
  rmSync(folder, { recursive: true, force: true })
})

const making = (id: string, ...tables: string[]): Migration => ({
  id,
  statements: (untyped) => tables.map((name) => untyped.schema.createTable(name).addColumn('id', 'text')),
})
const tables = async (): Promise<readonly string[]> =>
  (await db.introspection.getTables()).map((table) => table.name).filter((name) => name !== 'migration')

describe('when migrations are run', () => {
  it('runs what is missing, in order, and asks for a backup before changing what is there', async () => {
    const backups: string[] = []
    const backUp = (id: string): Promise<void> => {
      backups.push(id)
      return Promise.resolve()
    }
    expect(await migrate(db, [making('0001', 'a')], 'sqlite', backUp)).toEqual({ applied: ['0001'] })
    const list = [making('0001', 'a'), making('0002', 'b'), making('0003', 'c')]
    expect(await migrate(db, list, 'sqlite', backUp)).toEqual({ applied: ['0002', '0003'] })
    expect(await migrate(db, list, 'sqlite', backUp)).toEqual({ applied: [] })
    expect(backups).toEqual(['0002'])
    expect(await tables()).toEqual(['a', 'b', 'c'])
  })

  it('leaves nothing of a migration that fails', async () => {
    await expect(migrate(db, [making('0001', 'a', 'b', 'a')], 'sqlite')).rejects.toThrow('already exists')
    expect(await tables()).toEqual([])
    expect(await migrate(db, [making('0001', 'a')], 'sqlite')).toEqual({ applied: ['0001'] })
  })

  it('has lists that are in order, each id once', () => {
    for (const list of [OPERATIONAL_MIGRATIONS, AUDIT_MIGRATIONS]) {
      const ids = list.map((migration) => migration.id)
      expect(ids).toEqual([...new Set(ids)].sort())
      for (const id of ids) expect(id).toMatch(/^\d{4}-[a-z0-9-]+$/)
    }
  })

  it('says the same to both databases: every table has the same columns', async () => {
    const columns = (text: string) =>
      [...text.matchAll(/create table "(\w+)" \((.*)\)$/gs)].map(([, name, body = '']) => [
        name,
        [...body.matchAll(/(?:^|, )"(\w+)" /g)].map(([, column]) => column),
      ])
    for (const migration of [...OPERATIONAL_MIGRATIONS, ...AUDIT_MIGRATIONS]) {
      const texts = (['sqlite', 'postgres'] as const).map((dialect) =>
        migration
          .statements(db as unknown as Kysely<unknown>, dialect)
          .flatMap((statement) => columns(statement.compile().sql))
          .filter(([name]) => name !== 'entry_search'),
      )
      expect(texts[0]).toEqual(texts[1])
    }
    await sql`select 1`.execute(db)
  })
})
