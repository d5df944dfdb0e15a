import { sql } from 'kysely'
import type { Kysely, SelectQueryBuilder } from 'kysely'
import { fullTextMatch, fullTextQuery } from '../full-text.ts'
import type { DialectName } from '../migrations/index.ts'
import type { AuditDb } from '../schema.ts'
import { selectEntries } from './audit-entries.ts'
import type { JoinedRow } from './audit-entry-row.ts'
import { encodeCursor, page, parseCursor, parseLimit } from './page.ts'
import type { Page, PageRequest } from './page.ts'

/** What a reader of the audit filters by; all that are given must hold. Times are UTC in ms, `to` excluded. */
export interface EntryFilter {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly chain?: string | undefined
  readonly chains?: readonly string[] | undefined
  /** Entries of `chain` after this one. */
  readonly afterSequence?: number | undefined
  readonly tenant?: string | undefined
  readonly tenants?: readonly string[] | undefined
  /** Offices the reader may see or asks for. */
  readonly offices?: readonly string[] | undefined
  readonly divisions?: readonly string[] | undefined
  readonly operatorIds?: readonly string[] | undefined
  readonly station?: string | undefined
  readonly stations?: readonly string[] | undefined
  readonly actions?: readonly string[] | undefined
  readonly objectType?: string | undefined
  readonly objectTypes?: readonly string[] | undefined
  readonly objectId?: string | undefined
  readonly correlationId?: string | undefined
  /** Words of the user: phrases in quotes, `prefix*`; everything else is taken as words. */
  readonly text?: string | undefined
}

const EQUAL = [
  ['chain', 'entry.chain'],
  ['tenant', 'entry.tenant'],
  ['station', 'entry.station'],
  ['objectType', 'entry.object_type'],
  ['objectId', 'entry.object_id'],
  ['correlationId', 'entry.correlation_id'],
] as const

const ONE_OF = [
  ['chains', 'entry.chain'],
  ['tenants', 'entry.tenant'],
  ['objectTypes', 'entry.object_type'],
  ['offices', 'entry.office'],
  ['divisions', 'entry.division'],
  ['stations', 'entry.station'],
  ['actions', 'entry.action'],
  ['operatorIds', 'entry.operator_id'],
] as const

type Entries = ReturnType<typeof selectEntries>

const filtered = (query: Entries, filter: EntryFilter): Entries => {
  let narrowed = query
  for (const [name, column] of EQUAL) {
    const value = filter[name]
    if (value !== undefined) narrowed = narrowed.where(column, '=', value)
  }
  for (const [name, column] of ONE_OF) {
    const values = filter[name]
    // An empty list of offices allows nothing; it must not fall away and allow everything.
    if (values) narrowed = values.length > 0 ? narrowed.where(column, 'in', values) : narrowed.where(sql.lit(false))
  }
  if (filter.afterSequence !== undefined) narrowed = narrowed.where('entry.sequence', '>', filter.afterSequence)
  if (filter.from !== undefined) narrowed = narrowed.where('entry.at', '>=', filter.from)
  if (filter.to !== undefined) narrowed = narrowed.where('entry.at', '<', filter.to)
  return narrowed
}

/**
 * With words the search index leads and gives its rows newest stored first: sorting all hits of a common word by time
 * would cost more with each entry. Time of storing and time of happening differ by moments. CROSS JOIN keeps SQLite
 * from turning the order of the two around.
 */
const listByWords = async (
  db: Kysely<AuditDb>,
  filter: EntryFilter,
  words: string,
  request: PageRequest,
  dialect: DialectName,
): Promise<Page<JoinedRow>> => {
  const limit = parseLimit(request.limit)
  let hits = db
    .selectFrom('entry_search')
    .crossJoin('entry')
    .select('entry.id')
    .whereRef('entry.id', '=', 'entry_search.rowid')
    .where(fullTextMatch('entry_search', words, dialect))
  if (request.cursor) hits = hits.where('entry_search.rowid', '<', Number(parseCursor(request.cursor, 'number').id))
  const found = await (filtered(hits as unknown as Entries, filter) as unknown as typeof hits)
    .orderBy('entry_search.rowid', 'desc')
    .limit(limit + 1)
    .execute()
  if (found.length === 0) return { items: [], next: null }
  const ids = found.slice(0, limit).map((row) => row.id)
  const query = selectEntries(db).where('entry.id', 'in', ids).orderBy('entry.id', 'desc')
  const items = (await query.execute()) as readonly JoinedRow[]
  const last = items.at(-1)
  return { items, next: found.length > limit && last ? encodeCursor({ at: last.at, id: last.id }) : null }
}

/** One page of entries, newest first. Throws REQUEST_INVALID (`cursor`, `limit`). */
export const listEntries = async (
  db: Kysely<AuditDb>,
  filter: EntryFilter,
  request: PageRequest,
  dialect: DialectName,
): Promise<Page<JoinedRow>> => {
  if (filter.text === undefined || filter.text.trim() === '') {
    const query = filtered(selectEntries(db), filter) as unknown as SelectQueryBuilder<AuditDb, 'entry', JoinedRow>
    return page(query, request, { time: 'entry.at', id: 'entry.id', idKind: 'number' })
  }
  const words = fullTextQuery(filter.text, dialect)
  if (words === null) return { items: [], next: null }
  return listByWords(db, filter, words, request, dialect)
}

/** An object's whole trail in the order it was stored, oldest first. */
export const listTrail = async (
  db: Kysely<AuditDb>,
  filter: EntryFilter & { readonly objectType: string; readonly objectId: string },
  request: PageRequest,
): Promise<Page<JoinedRow>> => {
  const limit = parseLimit(request.limit)
  const after = request.cursor ? Number(parseCursor(request.cursor, 'number').id) : -1
  const rows = (await filtered(selectEntries(db), filter)
    .where('entry.id', '>', after)
    .orderBy('entry.id')
    .limit(limit + 1)
    .execute()) as readonly JoinedRow[]
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last ? encodeCursor({ at: last.at, id: last.id }) : null }
}

export const readEntry = async (db: Kysely<AuditDb>, chain: string, sequence: number): Promise<JoinedRow | null> => {
  const query = selectEntries(db).where('entry.chain', '=', chain).where('entry.sequence', '=', sequence)
  return ((await query.orderBy('entry.id').executeTakeFirst()) as JoinedRow | undefined) ?? null
}

/** How many entries a chain holds, for progress; exact while nothing is wrong. */
export const countEntries = async (db: Kysely<AuditDb>, chain: string): Promise<number> => {
  const counted = db.selectFrom('entry').select((eb) => eb.fn.countAll<number | string>().as('count'))
  const row = await counted.where('chain', '=', chain).executeTakeFirstOrThrow()
  return Number(row.count)
}
