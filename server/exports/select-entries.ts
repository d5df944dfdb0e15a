import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { fullTextBelow, fullTextMatch, fullTextQuery, parseTerms } from '../db/full-text.ts'
import type { DialectName } from '../db/migrations/index.ts'
import type { AuditDb } from '../db/schema.ts'
import { resolveFilter, type EntryFilter } from '../db/repositories/audit-filter.ts'
import { choosePlan, walkPlan, walkUnlisted, type After } from '../db/repositories/audit-plan.ts'
import { findInTail } from '../db/repositories/audit-search.ts'

type Reader = Kysely<AuditDb>
const PAGE = 5000
const TAIL_MAX = 1_000_000

/** Row numbers in order, 8 bytes each however many there are. */
class Numbers {
  #kept = new Float64Array(4096)
  #count = 0

  add(number: number): void {
    if (this.#count === this.#kept.length) {
      const larger = new Float64Array(this.#count * 2)
      larger.set(this.#kept)
      this.#kept = larger
    }
    this.#kept[this.#count] = number
    this.#count += 1
  }

  sorted(): Float64Array {
    return this.#kept.subarray(0, this.#count).sort()
  }

  get count(): number {
    return this.#count
  }
}

/** Whether a filter takes every entry of its one chain. */
export const takesAll = ({ chains: _chains, chain: _chain, ...rest }: EntryFilter): boolean =>
  Object.values(rest).every((value) => value === undefined)

const byColumns = async (
  db: Reader,
  filter: EntryFilter,
  dialect: DialectName,
  most: number,
  signal: AbortSignal,
): Promise<Numbers> => {
  const found = new Numbers()
  const resolved = await resolveFilter(db, filter)
  if (!resolved) return found
  // The unlisted first: what is listed in between is then met twice rather than never.
  const unlisted = await walkUnlisted(db, resolved, { after: null, limit: TAIL_MAX })
  const known = new Set(unlisted.map(({ id }) => id))
  for (const id of known) found.add(id)
  const { plan } = await choosePlan(db, resolved, dialect, true)
  for (let after: After | null = null; found.count < most;) {
    signal.throwIfAborted()
    const page = await walkPlan(db, plan, resolved, dialect, { after, limit: PAGE })
    for (const { id } of page) if (!known.has(id)) found.add(id)
    after = page.at(-1) ?? null
    if (page.length < PAGE || after === null) break
  }
  return found
}

/** Every entry that holds the words: those in the full text, and those that are not taken into it yet. */
const byWords = async (db: Reader, text: string, dialect: DialectName, signal: AbortSignal): Promise<Numbers> => {
  const found = new Numbers()
  const words = fullTextQuery(text, dialect)
  if (words === null) return found
  // The tail first: what moves into the search index in between is then met twice rather than never.
  const tail = await findInTail(db, {
    terms: parseTerms(text),
    narrow: (query) => query,
    below: Number.MAX_SAFE_INTEGER,
    limit: TAIL_MAX,
  })
  const known = new Set(tail)
  for (const id of tail) found.add(id)
  for (let below = Number.MAX_SAFE_INTEGER; ;) {
    signal.throwIfAborted()
    const hits = await db
      .selectFrom('entry_search')
      .select('entry_search.rowid')
      .where(fullTextMatch('entry_search', words, dialect))
      .where(fullTextBelow('entry_search', below, dialect))
      .orderBy('entry_search.rowid', 'desc')
      .limit(sql.lit(PAGE))
      .execute()
    for (const { rowid } of hits) if (!known.has(rowid)) found.add(rowid)
    const last = hits.at(-1)
    if (hits.length < PAGE || !last) return found
    below = last.rowid
  }
}

const inBoth = (left: Float64Array, right: Float64Array): Float64Array => {
  const both = new Numbers()
  for (let at = 0, other = 0; at < left.length && other < right.length;) {
    const [one, two] = [left[at] ?? 0, right[other] ?? 0]
    if (one === two) both.add(one)
    if (one <= two) at += 1
    if (two <= one) other += 1
  }
  return both.sorted()
}

/**
 * Row numbers of the entries a filter takes, in the order of their chain: exactly those the explorer lists for it, counted
 * no further than `most` (a filter with words: all). Throws what the signal was aborted with.
 */
export const selectEntries = async (
  db: Reader,
  filter: EntryFilter,
  dialect: DialectName,
  signal: AbortSignal,
  most = Infinity,
): Promise<Float64Array> => {
  const { text = '', ...columns } = filter
  if (text.trim() === '') return (await byColumns(db, columns, dialect, most, signal)).sorted()
  const words = (await byWords(db, text.trim(), dialect, signal)).sorted()
  return inBoth((await byColumns(db, columns, dialect, Infinity, signal)).sorted(), words)
}

export interface Stretch {
  readonly from: number
  readonly to: number
}

/** First and last sequence there is of a chain below `size`; null where there is none. */
export const extentOf = async (db: Reader, chain: string, size: number): Promise<Stretch | null> => {
  const below = db.selectFrom('entry').where('chain', '=', chain).where('sequence', '<', size)
  const first = await below.select('sequence').orderBy('sequence').limit(1).executeTakeFirst()
  const last = await below.select('sequence').orderBy('sequence', 'desc').limit(1).executeTakeFirst()
  return first && last ? { from: first.sequence, to: last.sequence } : null
}

const sequenceOf = async (db: Reader, id: number | undefined): Promise<number | null> => {
  if (id === undefined) return null
  const row = await db.selectFrom('entry').select('sequence').where('id', '=', id).executeTakeFirst()
  return row?.sequence ?? null
}

/**
 * The stretch that holds every entry of a time span, and the entry before and after it, which show that none is left out.
 * Null where the chain has no entry at all.
 */
export const spanOf = async (
  { db, dialect }: { readonly db: Reader; readonly dialect: DialectName },
  chain: string,
  size: number,
  span: { readonly from?: number | undefined; readonly to?: number | undefined },
  signal: AbortSignal,
): Promise<Stretch | null> => {
  const whole = await extentOf(db, chain, size)
  if (!whole || (span.from === undefined && span.to === undefined)) return whole
  const ids = await selectEntries(db, { chains: [chain], from: span.from, to: span.to }, dialect, signal)
  const first = await sequenceOf(db, ids[0])
  const last = await sequenceOf(db, ids.at(-1))
  if (first !== null && last !== null)
    return { from: Math.max(whole.from, first - 1), to: Math.min(whole.to, last + 1) }
  // Nothing happened in it: the last entry before it, and the next.
  const before = await db
    .selectFrom('entry')
    .select('sequence')
    .where('chain', '=', chain)
    .where('sequence', '<', size)
    .where('at', '<', span.from ?? 0)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  const start = before?.sequence ?? whole.from
  return { from: start, to: Math.min(whole.to, start + 1) }
}
