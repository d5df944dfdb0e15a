import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../../../server/db/open.ts'
import type { Databases } from '../../../../server/db/open.ts'
import { sqliteDialect } from '../../../../server/db/dialects/sqlite.ts'
import type { OperationalTransaction } from '../../../../server/db/schema.ts'
import { inTransaction, registerDatabase } from '../../../../server/db/transaction.ts'

let folder: string
let databases: Databases
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-trx-'))
  const config = {
    operational: { dialect: 'sqlite' as const, file: join(folder, 'operational.db'), busyTimeoutMs: 30 },
    audit: { dialect: 'sqlite' as const, file: join(folder, 'audit.db') },
  }
  await createOperationalDatabase(config.operational)
  await createAuditDatabase(config.audit)
  databases = await openDatabases(config)
})
afterEach(async () => {
  await databases.close()
  rmSync(folder, { recursive: true, force: true })
})

const tenant = (id: string) => ({ id, name: id, status: 'active' as const, created_at: 1, updated_at: 1 })
const names = async () =>
  (await databases.operational.db.selectFrom('tenant').select('id').orderBy('id').execute()).map((row) => row.id)

describe('a transaction', () => {
  it('commits all or nothing', async () => {
    const { db } = databases.operational
    await inTransaction(db, async (trx) => {
      await trx.insertInto('tenant').values(tenant('a')).execute()
    })
    const failed = inTransaction(db, async (trx) => {
      await trx.insertInto('tenant').values(tenant('b')).execute()
      throw new Error('stop')
    })
    await expect(failed).rejects.toThrow('stop')
    expect(await names()).toEqual(['a'])
  })

  it('fails at once where the database itself is used inside, rolled back, and goes on after', async () => {
    const { db } = databases.operational
    const inside = { code: 'INTERNAL', detail: { reason: 'db-used-inside-transaction' } }
    await expect(
      inTransaction(db, async (trx) => {
        await trx.insertInto('tenant').values(tenant('a')).execute()
        await db.selectFrom('tenant').selectAll().execute()
      }),
    ).rejects.toMatchObject(inside)
    await expect(inTransaction(db, () => inTransaction(db, () => Promise.resolve()))).rejects.toMatchObject(inside)
    expect(await names()).toEqual([])
  })

  it('on one database leaves the other free', async () => {
    await inTransaction(databases.operational.db, async () => {
      await inTransaction(databases.audit.db, async (trx) => {
        expect(await trx.selectFrom('chain').selectAll().execute()).toEqual([])
      })
      expect(await databases.audit.db.selectFrom('chain').selectAll().execute()).toEqual([])
    })
  })

  it('of many callers, one after the other', async () => {
    const { db } = databases.operational
    let open = 0
    await Promise.all(
      Array.from({ length: 50 }, (_, place) =>
        inTransaction(db, async (trx) => {
          open += 1
          expect(open).toBe(1)
          await trx
            .insertInto('tenant')
            .values(tenant(`t${place}`))
            .execute()
          await new Promise((resolve) => {
            setImmediate(resolve)
          })
          open -= 1
        }),
      ),
    )
    expect(await names()).toHaveLength(50)
  })

  it('meets another process at its start: DATABASE_BUSY, nothing half done', async () => {
    const other = new Database(join(folder, 'operational.db'))
    other.exec('begin immediate')
    let began = false
    await expect(
      inTransaction(databases.operational.db, () => {
        began = true
        return Promise.resolve()
      }),
    ).rejects.toMatchObject({ code: 'DATABASE_BUSY' })
    expect(began).toBe(false)
    other.exec('rollback')
    other.close()
    await inTransaction(databases.operational.db, (trx) => trx.insertInto('tenant').values(tenant('a')).execute())
    expect(await names()).toEqual(['a'])
  })
})

describe('a transaction that SQLite undid by itself', () => {
  const undone = (trx: OperationalTransaction, id: string) =>
    sql`insert or rollback into tenant (id, name, status, created_at, updated_at)
      values (${id}, ${id}, 'active', 1, 1)`
      .execute(trx)
      .catch(() => undefined)

  it('takes no further statement, however its caller went on', async () => {
    const { db } = databases.operational
    await db.insertInto('tenant').values(tenant('a')).execute()
    const refused = { code: 'DATABASE_UNAVAILABLE', detail: { reason: 'transaction-undone' } }
    await expect(
      inTransaction(db, async (trx) => {
        await trx.insertInto('tenant').values(tenant('b')).execute()
        await undone(trx, 'a')
        await trx.insertInto('tenant').values(tenant('c')).execute()
      }),
    ).rejects.toMatchObject(refused)
    await expect(
      inTransaction(db, async (trx) => {
        await trx.insertInto('tenant').values(tenant('b')).execute()
        await undone(trx, 'a')
      }),
    ).rejects.toMatchObject(refused)
    expect(await names()).toEqual(['a'])
    await inTransaction(db, (trx) => trx.insertInto('tenant').values(tenant('d')).execute())
    expect(await names()).toEqual(['a', 'd'])
  })
})

describe('a shared commit that fails and cannot be undone', () => {
  it('leaves no member waiting, and is undone before anything else is written', async () => {
    const file = new Database(':memory:')
    file.exec('create table a (id text primary key)')
    let broken = 0
    const prepare = file.prepare.bind(file)
    // Stands for a disk that fails at both.
    file.prepare = ((text: string) => {
      const statement = prepare(text)
      if (text !== 'commit' && text !== 'rollback') return statement
      const run = statement.run.bind(statement)
      statement.run = (...bound: unknown[]) => {
        if (broken === 0) return run(...bound)
        broken -= 1
        throw Object.assign(new Error('disk'), { code: 'SQLITE_IOERR' })
      }
      return statement
    }) as typeof file.prepare
    const token = {}
    const db = new Kysely<{ a: { id: string } }>({ dialect: sqliteDialect(file, token) })
    registerDatabase(db, token)
    const insert = (id: string) => inTransaction(db, (trx) => trx.insertInto('a').values({ id }).execute())
    broken = 2
    const ended = await Promise.allSettled([insert('a'), insert('b'), insert('c')])
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await insert('d')
    expect(await db.selectFrom('a').select('id').execute()).toEqual([{ id: 'd' }])
    await db.destroy()
  })
})

describe('an error of the database', () => {
  it('says REQUEST_CONFLICT for a unique key, with no value in it', async () => {
    const { db } = databases.operational
    await db.insertInto('tenant').values(tenant('a-private-name')).execute()
    const error: unknown = await db
      .insertInto('tenant')
      .values(tenant('a-private-name'))
      .execute()
      .catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'REQUEST_CONFLICT', detail: { reason: 'unique' }, message: 'REQUEST_CONFLICT' })
  })

  it('is plain once the program itself closed it', async () => {
    const { db } = databases.audit
    await db.selectFrom('chain').selectAll().execute()
    await databases.audit.close()
    await expect(db.selectFrom('chain').selectAll().execute()).rejects.toThrow('destroyed')
  })

  it('leaves errors of programming as they are', async () => {
    const { db } = databases.operational
    const wrong = { ...tenant('a'), status: 'asleep' as 'active' }
    await expect(db.insertInto('tenant').values(wrong).execute()).rejects.toMatchObject({
      code: 'SQLITE_CONSTRAINT_CHECK',
    })
  })
})

describe('transactions that wait for each other', () => {
  const insert = (id: string, end?: () => void) =>
    inTransaction(databases.operational.db, async (trx) => {
      await trx.insertInto('tenant').values(tenant(id)).execute()
      end?.()
    })
  const stop = (): never => {
    throw new Error('stop')
  }

  it.each(['a', 'be', 'ab', 'abd', 'abcd', 'abcde'])(
    'are undone alone: of five, %s fail and take no other with them',
    async (failing) => {
      const ids = ['a', 'b', 'c', 'd', 'e']
      const all = ids.map((id) => insert(id, failing.includes(id) ? stop : undefined))
      const ended = await Promise.allSettled(all)
      const kept = ids.filter((id) => !failing.includes(id))
      expect(ids.filter((_, place) => ended[place]?.status === 'fulfilled')).toEqual(kept)
      expect(await names()).toEqual(kept)
    },
  )

  it('are told only when another process sees what they wrote', async () => {
    const other = new Database(join(folder, 'operational.db'), { readonly: true })
    const seen = other.prepare('select count(*) as count from tenant where id = ?')
    await Promise.all(
      Array.from({ length: 40 }, async (_, place) => {
        await insert(`t${place}`)
        expect(seen.get(`t${place}`)).toEqual({ count: 1 })
      }),
    )
    other.close()
  })

  it('hide what is not committed from a reader in between', async () => {
    const { db } = databases.operational
    const other = new Database(join(folder, 'operational.db'), { readonly: true })
    const writers = ['a', 'b', 'c'].map((id) => insert(id))
    const read = db.selectFrom('tenant').select('id').execute()
    const rows = await read
    const durable = other.prepare('select id from tenant').all()
    expect(rows).toEqual(durable)
    await Promise.all(writers)
    other.close()
  })

  it('all fail when the commit they share does', async () => {
    const { db } = databases.operational
    const fails = async (id: string): Promise<void> =>
      inTransaction(db, async (trx) => {
        await sql`pragma defer_foreign_keys = on`.execute(trx)
        await trx.insertInto('tenant').values(tenant(id)).execute()
        const entity = { id: `d${id}`, tenant: id, version: 1, created_at: 1, updated_at: 1 }
        const division = { ...entity, name: id, parent: 'nobody', path: id }
        await trx.insertInto('division').values(division).execute()
      })
    const ended = await Promise.allSettled([insert('a'), fails('b'), insert('c')])
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(await names()).toEqual([])
    await insert('d')
    expect(await names()).toEqual(['d'])
  })

  it('share commits', async () => {
    const file = join(folder, 'operational.db-wal')
    const written = async (count: number, apart: boolean): Promise<number> => {
      const before = statSync(file).size
      const ids = Array.from({ length: count }, (_, place) => `${apart ? 'x' : 'y'}${place}`)
      if (apart) for (const id of ids) await insert(id)
      else await Promise.all(ids.map((id) => insert(id)))
      return statSync(file).size - before
    }
    await insert('first')
    expect(await written(50, false)).toBeLessThan((await written(50, true)) / 5)
  })
})
