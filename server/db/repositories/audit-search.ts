import type { Kysely } from 'kysely'
import { fullTextMatch, fullTextValue, matchesTerms } from '../full-text.ts'
import type { Term } from '../full-text.ts'
import type { DialectName } from '../migrations/index.ts'
import type { AuditDb } from '../schema.ts'
import { inTransaction } from '../transaction.ts'
import { selectEntries } from './audit-entries.ts'
import { numbersOf, toJoinedRow } from './audit-entry-row.ts'
import type { JoinedNumbers, JoinedRow } from './audit-entry-row.ts'
import { searchTextOf } from './audit-search-text.ts'
import { pieces, runBuilt } from './audit-statements.ts'
import { readWords } from './audit-words.ts'

type Reader = Kysely<AuditDb>

const positionOf = async (db: Reader, chain: string): Promise<number> => {
  const query = db.selectFrom('search_position').select('sequence').where('chain', '=', chain)
  return (await query.executeTakeFirst())?.sequence ?? -1
}

/** How many entries of the chain are not in the full text yet. */
export const countUnsearched = async (db: Reader, chain: string): Promise<number> => {
  const head = await db.selectFrom('chain').select('head_sequence').where('chain', '=', chain).executeTakeFirst()
  return head ? head.head_sequence - (await positionOf(db, chain)) : 0
}

/** Rows with their texts instead of numbers. */
export const toJoinedRows = async (db: Reader, rows: readonly JoinedNumbers[]): Promise<readonly JoinedRow[]> => {
  const words = await readWords(db, rows.flatMap(numbersOf))
  return rows.map((row) => toJoinedRow(row, words))
}

/**
 * Takes the next entries of a chain into the full text, with the position that says so, in one transaction; a process
 * that dies in between takes them again. Only one process does this for a chain: the one that writes it. Gives how
 * many were taken.
 */
export const indexNext = async (
  db: Kysely<AuditDb>,
  dialect: DialectName,
  chain: string,
  limit: number,
): Promise<number> => {
  if ((await countUnsearched(db, chain)) === 0) return 0
  return inTransaction(db, async (trx) => {
    // Read in the transaction that writes: what is erased meanwhile must not come into the full text after all.
    const from = await positionOf(trx, chain)
    const query = selectEntries(trx).where('entry.chain', '=', chain).where('entry.sequence', '>', from)
    const found = (await query.orderBy('entry.sequence').limit(limit).execute()) as readonly JoinedNumbers[]
    const last = found.at(-1)
    if (!last) return 0
    const rows = await toJoinedRows(trx, found)
    for (const piece of pieces(rows)) {
      const texts = piece.map((row) => ({ rowid: row.id, words: searchTextOf(row) }))
      const values = texts.map(({ rowid, words }) => ({ rowid, words: fullTextValue(words, dialect) }))
      const build = () => trx.insertInto('entry_search').values(values)
      const parameters = texts.flatMap(({ rowid, words }) => [rowid, words])
      await runBuilt(trx as unknown as Kysely<never>, `insert search ${piece.length}`, build, parameters)
    }
    const position = { chain, sequence: last.sequence }
    await trx
      .insertInto('search_position')
      .values(position)
      .onConflict((conflict) => conflict.column('chain').doUpdateSet({ sequence: last.sequence }))
      .execute()
    return found.length
  })
}

const TAIL_BATCH = 200

type Narrow = (query: ReturnType<typeof selectEntries>) => ReturnType<typeof selectEntries>
interface Asked {
  readonly terms: readonly Term[]
  readonly narrow: Narrow
  /** Only rows with a smaller number. */
  readonly below: number
  readonly limit: number
}

const findInTailOf = async (db: Reader, chain: string, asked: Asked): Promise<readonly number[]> => {
  const position = await positionOf(db, chain)
  const hits: number[] = []
  let before = Number.MAX_SAFE_INTEGER
  for (;;) {
    const found = (await asked
      .narrow(selectEntries(db))
      .where('entry.chain', '=', chain)
      .where('entry.sequence', '>', position)
      .where('entry.sequence', '<', before)
      .where('entry.id', '<', asked.below)
      .orderBy('entry.sequence', 'desc')
      .limit(TAIL_BATCH)
      .execute()) as readonly JoinedNumbers[]
    for (const row of await toJoinedRows(db, found)) if (matchesTerms(searchTextOf(row), asked.terms)) hits.push(row.id)
    const last = found.at(-1)
    if (!last || found.length < TAIL_BATCH || hits.length >= asked.limit) return hits.slice(0, asked.limit)
    before = last.sequence
  }
}

/** Rows with these words among the entries that are not in the full text yet, newest stored first. */
export const findInTail = async (db: Reader, asked: Asked): Promise<readonly number[]> => {
  const chains = await db.selectFrom('chain').select('chain').execute()
  const found: number[] = []
  for (const { chain } of chains) found.push(...(await findInTailOf(db, chain, asked)))
  return found.sort((left, right) => right - left).slice(0, asked.limit)
}

/** How many entries hold the words, counted no further than `most`. */
export const countHits = async (db: Reader, words: string, dialect: DialectName, most: number): Promise<number> => {
  const hits = db
    .selectFrom('entry_search')
    .select('entry_search.rowid')
    .where(fullTextMatch('entry_search', words, dialect))
    .limit(most)
  const counted = db.selectFrom(hits.as('hits')).select((eb) => eb.fn.countAll<number | string>().as('hits'))
  return Number((await counted.executeTakeFirstOrThrow()).hits)
}
