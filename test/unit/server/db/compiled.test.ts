import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../../../server/db/open.ts'
import type { Databases } from '../../../../server/db/open.ts'
import { firstOf, scopeParameters, scopeShape } from '../../../../server/db/repositories/compiled.ts'
import { findHolder } from '../../../../server/db/repositories/holders.ts'
import type { Scope } from '../../../../server/db/repositories/scope.ts'
import { inTransaction } from '../../../../server/db/transaction.ts'

let folder: string
let databases: Databases
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-compiled-'))
  const config = {
    operational: { dialect: 'sqlite' as const, file: join(folder, 'operational.db') },
    audit: { dialect: 'sqlite' as const, file: join(folder, 'audit.db') },
  }
  await createOperationalDatabase(config.operational)
  await createAuditDatabase(config.audit)
  databases = await openDatabases(config)
  const times = { created_at: 1, updated_at: 1 }
  const { db } = databases.operational
  for (const id of ['one', 'two'])
    await db
      .insertInto('tenant')
      .values({ id, name: id, status: 'active', ...times })
      .execute()
})
afterAll(async () => {
  await databases.close()
  rmSync(folder, { recursive: true, force: true })
})

const tenantNamed = (id: string, parameters: readonly unknown[] = [id]) => {
  const { db } = databases.operational
  const build = () => db.selectFrom('tenant').select('name').where('id', '=', id).compile()
  return firstOf<{ name: string }>(db, 'tenant', build, parameters)
}

describe('when a query is built once', () => {
  it('refuses values that are not the ones it binds', async () => {
    await expect(tenantNamed('one', ['two'])).rejects.toMatchObject({ detail: { reason: 'query-parameters' } })
    await expect(tenantNamed('one', [])).rejects.toMatchObject({ detail: { reason: 'query-parameters' } })
  })

  it('answers for the values given each time', async () => {
    expect(await tenantNamed('one')).toEqual({ name: 'one' })
    expect(await tenantNamed('two')).toEqual({ name: 'two' })
    expect(await tenantNamed('three')).toBeNull()
  })

  it.each<[string, Scope['reach'], string, readonly string[]]>([
    ['everything', { kind: 'everything' }, 'all', ['t']],
    ['nothing', { kind: 'some', divisions: [], offices: [] }, '0,0', []],
    ['offices', { kind: 'some', divisions: [], offices: ['a', 'b'] }, '0,2', ['t', 'a', 'b']],
    ['both', { kind: 'some', divisions: ['d'], offices: ['a'] }, '1,1', ['t', 'd', 'a']],
  ])('binds a scope of %s in the order of its SQL', async (_name, reach, shape, parameters) => {
    const scope = { tenant: 't', reach }
    expect(scopeShape(scope)).toBe(shape)
    expect(scopeParameters(scope)).toEqual(parameters)
    const { db } = databases.operational
    for (let time = 0; time < 2; time += 1) expect(await findHolder(db, scope, 'holder')).toBeNull()
    expect(await inTransaction(db, (trx) => findHolder(trx, scope, 'holder'))).toBeNull()
  })
})

describe('when the connection is taken', () => {
  it('waits for a transaction to end, and sees what it left', async () => {
    const { db } = databases.operational
    expect(await tenantNamed('one')).toEqual({ name: 'one' })
    let rename = (): void => undefined
    const renamed = new Promise<void>((resolve) => {
      rename = resolve
    })
    const change = inTransaction(db, async (trx) => {
      await trx.updateTable('tenant').set({ name: 'other' }).where('id', '=', 'one').execute()
      await renamed
      throw new Error('taken back')
    })
    const refused = expect(change).rejects.toThrow('taken back')
    // The transaction holds the connection now; a look-up must not see what is not committed.
    await new Promise((resolve) => setImmediate(resolve))
    const found = tenantNamed('one')
    rename()
    await refused
    expect(await found).toEqual({ name: 'one' })
    expect(await tenantNamed('one')).toEqual({ name: 'one' })
  })

  it('refuses a look-up past the transaction that is open', async () => {
    const { db } = databases.operational
    await tenantNamed('one')
    await expect(inTransaction(db, () => tenantNamed('one'))).rejects.toMatchObject({
      detail: { reason: 'db-used-inside-transaction' },
    })
  })
})

describe('when there are many look-ups at once', () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const renameElsewhere = (name: string): void => {
    const other = new Database(join(folder, 'operational.db'))
    other.prepare('update tenant set name = ? where id = ?').run(name, 'two')
    other.close()
  }

  it('those of one turn see one state, and what another process committed is seen in the next', async () => {
    await turn()
    expect(await tenantNamed('two')).toEqual({ name: 'two' })
    renameElsewhere('new')
    expect(await tenantNamed('two')).toEqual({ name: 'two' })
    await turn()
    expect(await tenantNamed('two')).toEqual({ name: 'new' })
    renameElsewhere('two')
    await turn()
  })

  it('what is written here in the same turn begins with the newest state, and is seen', async () => {
    const { db } = databases.operational
    expect(await tenantNamed('two')).toEqual({ name: 'two' })
    renameElsewhere('new')
    await inTransaction(db, async (trx) => {
      const { name } = await trx.selectFrom('tenant').select('name').where('id', '=', 'two').executeTakeFirstOrThrow()
      await trx
        .updateTable('tenant')
        .set({ name: `${name}er` })
        .where('id', '=', 'two')
        .execute()
    })
    expect(await tenantNamed('two')).toEqual({ name: 'newer' })
    await db.updateTable('tenant').set({ name: 'two' }).where('id', '=', 'two').execute()
    expect(await tenantNamed('two')).toEqual({ name: 'two' })
  })

  it('holds nothing once the turn is over', async () => {
    await tenantNamed('two')
    await turn()
    const other = new Database(join(folder, 'operational.db'))
    expect(other.pragma('wal_checkpoint(TRUNCATE)')).toMatchObject([{ busy: 0 }])
    other.close()
  })
})
