import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { fullTextBelow, fullTextMatch, fullTextQueryOf, matchesTerms, parseTerms } from '../full-text.ts'
import type { DialectName } from '../migrations/index.ts'
import type { AuditDb } from '../schema.ts'
import { selectEntries } from './audit-entries.ts'
import type { JoinedNumbers, JoinedRow } from './audit-entry-row.ts'
import { resolveFilter, termsOfFilter, whereOf } from './audit-filter.ts'
import type { EntryFilter, ResolvedFilter } from './audit-filter.ts'
import { LISTED, UNLISTED, choosePlan, isFew, mergeKeys, walkPlan, walkUnlisted } from './audit-plan.ts'
import { countHits, findInTail, toJoinedRows } from './audit-search.ts'
import { searchTextOf } from './audit-search-text.ts'
import { encodeCursor, parseCursor, parseLimit } from './page.ts'
import type { Page, PageRequest } from './page.ts'

export type { EntryFilter } from './audit-filter.ts'

type Reader = Kysely<AuditDb>

interface Search {
  readonly text: string
  /** The text as a query of the dialect, with what the filter asks for and an entry's words begin with. */
  readonly words: string
  readonly filter: ResolvedFilter
  readonly dialect: DialectName
  /** Only rows with a smaller number. */
  readonly below: number
  readonly limit: number
}

/** A word in more entries than this is common: then few entries of a filter are read rather than its hits. */
const COMMON_HITS = 5000
const READ_BATCH = 200
/** Entries of a filter that are read for a common word; mostly it is met in the first of them. */
const READ_MAX = 5000
const NOTHING: Page<JoinedRow> = { items: [], next: null }

const readRows = async (db: Reader, ids: readonly number[]): Promise<readonly JoinedRow[]> => {
  if (ids.length === 0) return []
  const found = (await selectEntries(db).where('entry.id', 'in', ids).execute()) as readonly JoinedNumbers[]
  const rows = new Map((await toJoinedRows(db, found)).map((row) => [row.id, row]))
  return ids.flatMap((id) => rows.get(id) ?? [])
}

const pageOf = async (db: Reader, ids: readonly number[], limit: number): Promise<Page<JoinedRow>> => {
  const items = await readRows(db, ids.slice(0, limit))
  const last = items.at(-1)
  return { items, next: ids.length > limit && last ? encodeCursor({ at: last.at, id: last.id }) : null }
}

/**
 * The search index leads and gives its rows newest stored first: sorting all hits of a common word by time would cost
 * more with each entry. Time of storing and time of happening differ by moments. CROSS JOIN keeps SQLite from turning
 * the order of the two around.
 */
const byHits = async (db: Reader, { words, filter, dialect, below, limit }: Search): Promise<readonly number[]> => {
  const hits = await db
    .selectFrom('entry_search')
    .crossJoin('entry')
    .select('entry.id')
    .whereRef('entry.id', '=', 'entry_search.rowid')
    .where(fullTextMatch('entry_search', words, dialect))
    .where(fullTextBelow('entry_search', below, dialect))
    .where(whereOf(filter))
    .orderBy('entry_search.rowid', 'desc')
    .limit(sql.lit(limit))
    .execute()
  return hits.map((row) => row.id)
}

/** A common word and a rare filter: the filter's few entries are read and looked through. */
const byReading = async (db: Reader, ids: readonly number[], { text, below, limit }: Search) => {
  const terms = parseTerms(text)
  const left = ids.filter((id) => id < below).sort((one, other) => other - one)
  const hits: number[] = []
  for (let from = 0; from < left.length && hits.length < limit; from += READ_BATCH) {
    const rows = await readRows(db, left.slice(from, from + READ_BATCH))
    for (const row of rows) if (matchesTerms(searchTextOf(row), terms)) hits.push(row.id)
  }
  return hits.slice(0, limit)
}

const isNarrow = ({ conditions, from, to }: ResolvedFilter): boolean =>
  from !== undefined || to !== undefined || conditions.some(({ column }) => column !== 'tenant' && column !== 'chain')

const findSearched = async (db: Reader, search: Search): Promise<readonly number[]> => {
  const { words, filter, dialect } = search
  if (!isNarrow(filter) || (await countHits(db, words, dialect, COMMON_HITS)) < COMMON_HITS) return byHits(db, search)
  const { plan, count } = await choosePlan(db, filter, dialect, true)
  if (!isFew(count)) return byHits(db, search)
  // Few enough to be looked through, listed or not; those that fit the filter are read, if they are few as well.
  const unlisted = await walkUnlisted(db, filter, { after: null, limit: READ_MAX + 1 })
  const found = await walkPlan(db, plan, filter, dialect, { after: null, limit: READ_MAX + 1 })
  if (unlisted.length + found.length > READ_MAX) return byHits(db, search)
  return byReading(
    db,
    mergeKeys(unlisted, found, Number.MAX_SAFE_INTEGER).map((key) => key.id),
    search,
  )
}

const listByWords = async (db: Reader, search: Search): Promise<Page<JoinedRow>> => {
  const { text, filter, below, limit } = search
  // The tail first: what moves into the search index in between is then met twice rather than never.
  const narrow = (query: ReturnType<typeof selectEntries>) => query.where(whereOf(filter))
  const tail = await findInTail(db, { terms: parseTerms(text), narrow, below, limit })
  const found = tail.length < limit ? await findSearched(db, search) : []
  const ids = [...new Set([...tail, ...found])].sort((left, right) => right - left)
  return pageOf(db, ids.slice(0, limit), limit - 1)
}

/** One page of entries, newest first. Throws REQUEST_INVALID (`cursor`, `limit`). */
export const listEntries = async (
  db: Reader,
  filter: EntryFilter,
  request: PageRequest,
  dialect: DialectName,
): Promise<Page<JoinedRow>> => {
  const limit = parseLimit(request.limit)
  const cursor = request.cursor ? parseCursor(request.cursor, 'number') : null
  const after = cursor ? { at: cursor.at, id: Number(cursor.id) } : null
  const resolved = await resolveFilter(db, filter)
  if (!resolved) return NOTHING
  const text = filter.text?.trim() ?? ''
  if (text !== '') {
    const terms = parseTerms(text)
    const words = terms.length > 0 ? fullTextQueryOf([...terms, ...termsOfFilter(filter)], dialect) : null
    if (words === null) return NOTHING
    const below = after?.id ?? Number.MAX_SAFE_INTEGER
    return listByWords(db, { text, words, filter: resolved, dialect, below, limit: limit + 1 })
  }
  const asked = { after, limit: limit + 1 }
  const unlisted = await walkUnlisted(db, resolved, asked)
  const { plan } = await choosePlan(db, resolved, dialect, false)
  const found = mergeKeys(unlisted, await walkPlan(db, plan, resolved, dialect, asked), limit + 1)
  return pageOf(
    db,
    found.map((key) => key.id),
    limit,
  )
}

/** An object's whole trail in the order it was stored, oldest first. */
export const listTrail = async (
  db: Reader,
  filter: EntryFilter & { readonly objectType: string; readonly objectId: string },
  request: PageRequest,
): Promise<Page<JoinedRow>> => {
  const limit = parseLimit(request.limit)
  const after = request.cursor ? Number(parseCursor(request.cursor, 'number').id) : -1
  const resolved = await resolveFilter(db, filter)
  if (!resolved) return NOTHING
  const query = selectEntries(db).where(whereOf(resolved)).where('entry.id', '>', after)
  const next = query.orderBy('entry.id').limit(limit + 1)
  // The unlisted first: what is listed in between is met twice rather than never. They are the newer ones.
  const unlisted = (await next.where(UNLISTED).execute()) as readonly JoinedNumbers[]
  const listed = (await next.where(LISTED).execute()) as readonly JoinedNumbers[]
  const met = new Map([...listed, ...unlisted].map((row) => [row.id, row]))
  const rows = [...met.values()].sort((one, other) => one.id - other.id).slice(0, limit + 1)
  const items = await toJoinedRows(db, rows.slice(0, limit))
  const last = items.at(-1)
  return { items, next: rows.length > limit && last ? encodeCursor({ at: last.at, id: last.id }) : null }
}

export const readEntry = async (db: Reader, chain: string, sequence: number): Promise<JoinedRow | null> => {
  const query = selectEntries(db).where('entry.chain', '=', chain).where('entry.sequence', '=', sequence)
  const row = (await query.orderBy('entry.id').executeTakeFirst()) as JoinedNumbers | undefined
  return row ? ((await toJoinedRows(db, [row]))[0] ?? null) : null
}

/** How many entries a chain has had up to its head, those cut off included: a look-up, whatever its length. */
export const countEntries = async (db: Reader, chain: string): Promise<number> => {
  const head = await db.selectFrom('chain').select('head_sequence').where('chain', '=', chain).executeTakeFirst()
  return head ? head.head_sequence + 1 : 0
}
