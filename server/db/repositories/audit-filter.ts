import { sql } from 'kysely'
import type { Kysely, RawBuilder } from 'kysely'
import { phraseOf } from '../full-text.ts'
import type { Term } from '../full-text.ts'
import type { AuditDb } from '../schema.ts'
import { findWords } from './audit-words.ts'

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

export type FilterColumn =
  | 'chain'
  | 'tenant'
  | 'office'
  | 'division'
  | 'operator_id'
  | 'station'
  | 'action'
  | 'object_type'
  | 'object_id'
  | 'correlation_id'

/** A column and the values it may have, as rows hold them: none at all where nothing can match. */
export interface Condition {
  readonly column: FilterColumn
  readonly values: readonly (string | number)[]
}

/** A filter as rows are asked: words by their numbers. */
export interface ResolvedFilter {
  readonly conditions: readonly Condition[]
  readonly from: number | undefined
  readonly to: number | undefined
  readonly afterSequence: number | undefined
}

const one = <T>(value: T | undefined): readonly T[] | undefined => (value === undefined ? undefined : [value])

/** Null when nothing can match: an empty list of offices, or a word that stands in no entry. */
export const resolveFilter = async (db: Kysely<AuditDb>, filter: EntryFilter): Promise<ResolvedFilter | null> => {
  const plain: readonly (readonly [FilterColumn, readonly string[] | undefined])[] = [
    ['chain', one(filter.chain)],
    ['chain', filter.chains],
    ['object_id', one(filter.objectId)],
    ['correlation_id', one(filter.correlationId)],
  ]
  const worded: readonly (readonly [FilterColumn, readonly string[] | undefined])[] = [
    ['tenant', one(filter.tenant)],
    ['tenant', filter.tenants],
    ['office', filter.offices],
    ['division', filter.divisions],
    ['operator_id', filter.operatorIds],
    ['station', one(filter.station)],
    ['station', filter.stations],
    ['action', filter.actions],
    ['object_type', one(filter.objectType)],
    ['object_type', filter.objectTypes],
  ]
  const numbers = await findWords(
    db,
    worded.flatMap(([, texts]) => texts ?? []),
  )
  const conditions: Condition[] = []
  for (const [column, values] of plain) if (values) conditions.push({ column, values: [...new Set(values)] })
  for (const [column, texts] of worded) {
    if (!texts) continue
    const values = [...new Set(texts)].flatMap((text) => numbers.get(text) ?? [])
    conditions.push({ column, values })
  }
  if (conditions.some(({ values }) => values.length === 0)) return null
  const { from, to, afterSequence } = filter
  return { conditions, from, to, afterSequence }
}

const valueList = (values: readonly (string | number)[]): RawBuilder<unknown> =>
  values.length === 1 ? sql`= ${values[0]}` : sql`in (${sql.join(values)})`

/** The conditions as SQL on `entry`, joined with AND; `true` for none. Those in `without` are left out. */
export const whereOf = (
  { conditions, from, to, afterSequence }: ResolvedFilter,
  without: ReadonlySet<Condition> = new Set(),
): RawBuilder<boolean> => {
  const parts = conditions
    .filter((condition) => !without.has(condition))
    .map(({ column, values }) => sql`${sql.ref(`entry.${column}`)} ${valueList(values)}`)
  if (from !== undefined) parts.push(sql`entry.at >= ${from}`)
  if (to !== undefined) parts.push(sql`entry.at < ${to}`)
  if (afterSequence !== undefined) parts.push(sql`entry.sequence > ${afterSequence}`)
  return parts.length === 0 ? sql<boolean>`1 = 1` : sql<boolean>`${sql.join(parts, sql` and `)}`
}

/**
 * What the words of every entry that fits the filter begin with (`searchTextOf`), whatever its payload: the full text then leaves out, by its
 * own lists, what would be read and thrown away entry by entry.
 */
export const termsOfFilter = (filter: EntryFilter): readonly Term[] => {
  const { actions = [], operatorIds = [], objectTypes = [], objectType, objectId } = filter
  const one = [actions, operatorIds, objectTypes].flatMap((values) => (values.length === 1 ? values : []))
  return [...one, objectType, objectId].flatMap((value) => (value === undefined ? [] : phraseOf(value)))
}
