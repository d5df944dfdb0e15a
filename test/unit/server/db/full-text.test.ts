import Database from 'better-sqlite3'
import * as fc from 'fast-check'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { sqliteDialect } from '../../../../server/db/dialects/sqlite.ts'
import { foldForSearch, fullTextBelow, fullTextMatch, fullTextQuery } from '../../../../server/db/full-text.ts'

describe('words for search', () => {
  it.each([
    ['Núñez', 'nunez'],
    ["D'Àvila-Rossi", 'd avila rossi'],
    ['  A\tB\n', 'a b'],
    ['ΑΘΉΝΑ', 'αθηνα'],
    ['Straße 12', 'straße 12'],
    ['"*():^-', ''],
  ])('%j become %j', (text, folded) => {
    expect(foldForSearch(text)).toBe(folded)
  })
})

describe("a user's words", () => {
  it.each([
    ['anna rossi', '"anna" AND "rossi"', "('anna') & ('rossi')"],
    ['"Anna  Rossi"', '"anna rossi"', "('anna' <-> 'rossi')"],
    ['ros*', '"ros"*', "('ros':*)"],
    ['"anna ros"*', '"anna ros"*', "('anna' <-> 'ros':*)"],
    ['NOT a:b', '"not" AND "a b"', "('not') & ('a' <-> 'b')"],
  ])('%j are a query of both databases', (text, sqlite, postgres) => {
    expect(fullTextQuery(text, 'sqlite')).toBe(sqlite)
    expect(fullTextQuery(text, 'postgres')).toBe(postgres)
  })

  it.each(['', '   ', '*', '"" ( ) "', "'; --"])('%j are no query', (text) => {
    expect(fullTextQuery(text, 'sqlite')).toBeNull()
  })

  it('are never an error, and never syntax, whatever they are', () => {
    const db = new Database(':memory:')
    db.exec("create virtual table t using fts5(words, content='', contentless_delete=1)")
    const search = db.prepare('select rowid from t where t match ?')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const query = fullTextQuery(text, 'sqlite')
        if (query !== null) expect(search.all(query)).toEqual([])
        expect(fullTextQuery(text, 'postgres') ?? '').not.toMatch(/'[^']*[\\:|!][^']*'/)
      }),
      { numRuns: 500 },
    )
    db.close()
  })
})

describe('a page of hits far down', () => {
  const open = async () => {
    const file = new Database(':memory:')
    file.exec("create virtual table found using fts5(words, content='', contentless_delete=1)")
    const db = new Kysely<Record<string, { rowid: number }>>({ dialect: sqliteDialect(file, {}) })
    const insert = file.prepare('insert into found (rowid, words) values (?, ?)')
    for (let row = 1; row <= 40; row += 1) insert.run(row, row % 2 === 0 ? 'even' : 'odd')
    return db
  }

  it.each([
    [41, [40, 38, 36]],
    [20, [18, 16, 14]],
    [3, [2]],
    [1, []],
    [Number.MAX_SAFE_INTEGER, [40, 38, 36]],
  ])('has the next hits below %d', async (below, hits) => {
    const db = await open()
    const found = await db
      .selectFrom('found')
      .select('rowid')
      .where(fullTextMatch('found', '"even"', 'sqlite'))
      .where(fullTextBelow('found', below, 'sqlite'))
      .orderBy('rowid', 'desc')
      .limit(3)
      .execute()
    expect(found.map(({ rowid }) => rowid)).toEqual(hits)
    await db.destroy()
  })

  // FTS5 looks at the type of a bound before its value: one that is no integer bounds nothing, and leaves out nothing.
  it('is bounded by an integer, whatever the driver binds', async () => {
    const db = await open()
    const match = fullTextMatch('found', '"even"', 'sqlite')
    const asBound = await db.selectFrom('found').select('rowid').where(match).where('rowid', '=', 4).execute()
    const asInteger = await db
      .selectFrom('found')
      .select('rowid')
      .where(match)
      .where(sql<boolean>`rowid = cast(${4} as integer)`)
      .execute()
    expect([asBound.length, asInteger.length]).toEqual([20, 1])
    await db.destroy()
  })

  it('is bounded by the number itself on PostgreSQL', () => {
    const db = new Kysely<never>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (of) => new PostgresIntrospector(of),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    })
    expect(fullTextBelow('found', 7, 'postgres').compile(db).sql).toBe('"found"."rowid" < $1')
  })
})
