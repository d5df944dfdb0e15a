import Database from 'better-sqlite3'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldForSearch, fullTextQuery } from '../../../../server/db/full-text.ts'

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
