import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../../../server/db/id.ts'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../../../server/db/open.ts'
import type { Databases } from '../../../../server/db/open.ts'
import { encodeCursor, page, parseCursor } from '../../../../server/db/repositories/page.ts'

let folder: string
let databases: Databases
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-page-'))
  const config = {
    operational: { dialect: 'sqlite' as const, file: join(folder, 'operational.db') },
    audit: { dialect: 'sqlite' as const, file: join(folder, 'audit.db') },
  }
  await createOperationalDatabase(config.operational)
  await createAuditDatabase(config.audit)
  databases = await openDatabases(config)
  const { db } = databases.operational
  for (let place = 0; place < 25; place += 1) {
    const at = Math.floor(place / 4)
    const name = place % 2 === 0 ? 'even' : 'odd'
    await db
      .insertInto('tenant')
      .values({ id: `t${String(place).padStart(2, '0')}`, name, status: 'active', created_at: at, updated_at: 1 })
      .execute()
  }
})
afterAll(async () => {
  await databases.close()
  rmSync(folder, { recursive: true, force: true })
})

const walk = async (limit: number, name?: string): Promise<readonly string[]> => {
  const found: string[] = []
  let cursor: string | null = null
  do {
    const query = databases.operational.db.selectFrom('tenant').select(['id', 'created_at'])
    const given: Awaited<ReturnType<typeof page<never, never, { id: string }>>> = await page(
      name ? query.where('name', '=', name) : query,
      { limit, cursor },
    )
    found.push(...given.items.map((row) => row.id))
    cursor = given.next
  } while (cursor)
  return found
}

describe('a page', () => {
  const newest = Array.from({ length: 25 }, (_, place) => `t${String(24 - place).padStart(2, '0')}`)

  it.each([1, 2, 3, 4, 5, 24, 25, 26])(
    'of %d rows after the other gives each row once, newest first',
    async (limit) => {
      expect(await walk(limit)).toEqual(newest)
      expect(await walk(limit, 'odd')).toEqual(newest.filter((id) => Number(id.slice(1)) % 2 === 1))
    },
  )

  it('is read from the index, however deep', async () => {
    const query = databases.operational.db.selectFrom('holder').select(['id', 'created_at']).where('tenant', '=', 'x')
    const seen: string[] = []
    const { db } = databases.operational
    await page(query, { cursor: encodeCursor({ at: 5, id: 'x' }) })
    const plan = await db.executeQuery<{ detail: string }>(
      // The same statement as `page` makes, asked for its plan.
      {
        ...query
          .where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(5, 'x')))
          .orderBy('created_at', 'desc')
          .orderBy('id', 'desc')
          .limit(51)
          .compile(),
        sql: 'explain query plan select id, created_at from holder where tenant = ? and (created_at, id) < (?, ?) order by created_at desc, id desc limit ?',
      },
    )
    seen.push(...plan.rows.map((row) => row.detail))
    expect(seen.join('\n')).toContain('holder_tenant_created_at_id_index')
    expect(seen.join('\n')).not.toContain('TEMP B-TREE')
  })
})

describe('a cursor', () => {
  it('comes back, for any position', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string({ maxLength: 40, unit: 'grapheme-ascii' }), (at, id) => {
        expect(parseCursor(encodeCursor({ at, id }))).toEqual({ at, id })
      }),
    )
  })

  it('of any other text is refused', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseCursor(text)).toThrow('REQUEST_INVALID')
      }),
    )
  })

  it.each([
    ['a number for text', encodeCursor({ at: 1, id: 5 })],
    ['padding', `${encodeCursor({ at: 1, id: 'a' })}=`],
    ['a time past 2^53', Buffer.from('[1,9007199254740993,"a"]').toString('base64url')],
    ['another version', Buffer.from('[2,1,"a"]').toString('base64url')],
    ['more members', Buffer.from('[1,1,"a",2]').toString('base64url')],
    ['an object', Buffer.from('{"0":1,"length":3}').toString('base64url')],
    ['too long', encodeCursor({ at: 1, id: 'a'.repeat(300) })],
  ])('with %s is refused', (_, cursor) => {
    expect(() => parseCursor(cursor)).toThrow('REQUEST_INVALID')
  })
})

describe('an id', () => {
  it('sorts by time and is not made twice', () => {
    const ids = Array.from({ length: 1000 }, (_, place) => newId('holder', 1_700_000_000_000 + place))
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(Array.from({ length: 5000 }, () => newId('x', 1))).size).toBe(5000)
    expect(ids[0]).toMatch(/^holder_[0-9a-hjkmnp-tv-z]{26}$/)
  })
})
