import { sql } from 'kysely'
import type { Compilable, Kysely, RawBuilder } from 'kysely'
import type { DialectName } from './migrations/columns.ts'

// oxlint-disable-next-line no-control-regex
const PLAIN = /^[\u0000-\u007f]*$/

/** Lower case, no accents, one blank between words: the form in which people's words are compared. */
export const foldForSearch = (text: string): string =>
  // Most text has no accents: the short way gives the same for it.
  PLAIN.test(text)
    ? text
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, ' ')
        .trim()
    : text
        .normalize('NFKD')
        .replace(/\p{M}+/gu, '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}]+/gu, ' ')
        .trim()

const MAX_TERMS = 16

/** Words that follow each other; with `prefix` the last one is only a beginning. */
export interface Term {
  readonly words: readonly string[]
  readonly prefix: boolean
}

/** `"two words"` is a phrase, `word*` a prefix, everything else a word; all must be there. Nothing else is syntax. */
export const parseTerms = (text: string): readonly Term[] => {
  const terms: Term[] = []
  for (const match of text.slice(0, 1000).matchAll(/"([^"]*)"(\*?)|([^\s"]+)/gu)) {
    const raw = match[1] ?? match[3] ?? ''
    const words = foldForSearch(raw).split(' ').filter(Boolean)
    if (words.length > 0) terms.push({ words, prefix: match[2] === '*' || (match[3]?.endsWith('*') ?? false) })
  }
  return terms.slice(0, MAX_TERMS)
}

/** Folded words hold only letters and digits, so that the quotes below cannot be closed from inside. */
const fts5Query = (terms: readonly Term[]): string =>
  terms.map(({ words, prefix }) => `"${words.join(' ')}"${prefix ? '*' : ''}`).join(' AND ')

const tsQuery = (terms: readonly Term[]): string =>
  terms
    .map(({ words, prefix }) => {
      const parts = words.map((word, place) => `'${word}'${prefix && place === words.length - 1 ? ':*' : ''}`)
      return `(${parts.join(' <-> ')})`
    })
    .join(' & ')

/**
 * A user's words as a query of the dialect: never an error, never an operator. Null when the text has no word in it
 * (then nothing can match).
 */
export const fullTextQuery = (text: string, dialect: DialectName): string | null =>
  fullTextQueryOf(parseTerms(text), dialect)

/** A text that stands in the words as it is, such as an id; none for one without a letter or digit. */
export const phraseOf = (text: string): readonly Term[] => {
  const words = foldForSearch(text).split(' ').filter(Boolean)
  return words.length > 0 ? [{ words, prefix: false }] : []
}

/** The same of terms, all of which must be there; null for none. */
export const fullTextQueryOf = (terms: readonly Term[], dialect: DialectName): string | null => {
  if (terms.length === 0) return null
  return dialect === 'sqlite' ? fts5Query(terms) : tsQuery(terms)
}

const standsAt = (found: readonly string[], from: number, { words, prefix }: Term): boolean =>
  words.every((word, place) => {
    const there = found[from + place]
    const isBeginning = prefix && place === words.length - 1
    return there !== undefined && (isBeginning ? there.startsWith(word) : there === word)
  })

/** What the database's search would say of folded text that it does not hold yet. */
export const matchesTerms = (folded: string, terms: readonly Term[]): boolean => {
  const found = folded.split(' ')
  return terms.every((term) => found.some((_, from) => standsAt(found, from, term)))
}

/** Statements that make the search table `name(rowid, words)`; words are folded by the writer. */
export const createFullTextTable = (db: Kysely<unknown>, name: string, dialect: DialectName): Compilable[] => {
  const made = (statement: RawBuilder<unknown>): Compilable => ({ compile: () => statement.compile(db) })
  if (dialect === 'sqlite') {
    // Contentless: the words themselves are not kept a second time; contentless_delete lets erasure take them out.
    const options = sql`words, content='', contentless_delete=1, detail=full, tokenize='unicode61'`
    return [made(sql`create virtual table ${sql.table(name)} using fts5(${options})`)]
  }
  return [
    made(sql`create table ${sql.table(name)} (rowid bigint primary key, words tsvector not null)`),
    made(sql`create index ${sql.id(`${name}_words_index`)} on ${sql.table(name)} using gin (words)`),
  ]
}

/** The value to insert into `words`. */
export const fullTextValue = (words: string, dialect: DialectName): RawBuilder<string> =>
  dialect === 'sqlite' ? sql<string>`${words}` : sql<string>`to_tsvector('simple', ${words})`

/** The condition on `name.words` for a query from `fullTextQuery`. */
export const fullTextMatch = (name: string, query: string, dialect: DialectName): RawBuilder<boolean> =>
  dialect === 'sqlite'
    ? sql<boolean>`${sql.table(name)} match ${query}`
    : sql<boolean>`${sql.ref(`${name}.words`)} @@ to_tsquery('simple', ${query})`

/**
 * The condition that rows of `name` have a smaller number, by which the search is entered where they begin. SQLite's
 * driver binds numbers as floating point, which FTS5 does not take for a bound: every hit before would be stepped over.
 */
export const fullTextBelow = (name: string, number: number, dialect: DialectName): RawBuilder<boolean> =>
  dialect === 'sqlite'
    ? sql<boolean>`${sql.ref(`${name}.rowid`)} < cast(${number} as integer)`
    : sql<boolean>`${sql.ref(`${name}.rowid`)} < ${number}`
