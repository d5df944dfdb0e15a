import {
  AuditAction,
  AuditFilter,
  ObjectType,
  SavedAuditSearch,
  type SavedAuditSearch as SavedSearch,
} from '../../../shared/contract/index.ts'
import type { z } from 'zod'
import { parseRange, resolveRange, writeRange, type TimeRange } from './time-range.ts'

/** What the audit explorer looks for; the URL carries it whole. Of several values of one filter any may hold. */
export interface AuditFilters {
  readonly range: TimeRange | null
  readonly objectType: readonly ObjectType[]
  readonly action: readonly AuditAction[]
  readonly operator: readonly string[]
  readonly office: readonly string[]
  readonly station: readonly string[]
  readonly tenant: readonly string[]
  readonly chain: readonly string[]
  readonly objectId: string | null
  readonly correlationId: string | null
  readonly text: string | null
}
export const NO_FILTERS: AuditFilters = {
  range: null,
  objectType: [],
  action: [],
  operator: [],
  office: [],
  station: [],
  tenant: [],
  chain: [],
  objectId: null,
  correlationId: null,
  text: null,
}

const LISTS = ['objectType', 'action', 'operator', 'office', 'station', 'tenant', 'chain'] as const
const WORDS = ['objectId', 'correlationId', 'text'] as const
type ListFilter = (typeof LISTS)[number]
/** Lists that are typed, several values with commas between them. */
export type TypedList = 'operator' | 'office' | 'station' | 'tenant' | 'chain'
export type FilterName = 'range' | ListFilter | (typeof WORDS)[number]

const values = (text: string | null): string[] =>
  [...new Set((text ?? '').split(',').map((value) => value.trim()))].filter((value) => value !== '')

/** The field's own schema decides, so that nothing from a URL reaches the server that it would refuse. */
const readList = (name: TypedList, text: string | null): string[] =>
  values(text)
    .filter((value) => AuditFilter.shape[name].safeParse(value).success)
    .slice(0, 50)
const readWord = (search: URLSearchParams, name: (typeof WORDS)[number]): string | null => {
  const parsed = AuditFilter.shape[name].safeParse(search.get(name) ?? undefined)
  return parsed.success && parsed.data ? parsed.data : null
}
const readChoices = <T extends string>(schema: z.ZodType<T>, text: string | null): T[] =>
  values(text).flatMap((value) => {
    const parsed = schema.safeParse(value)
    return parsed.success ? [parsed.data] : []
  })

/** What was typed into a field for several values; what the server would refuse is left out. */
export const parseTyped = (name: TypedList, text: string | null): readonly string[] => readList(name, text)

/** Never throws: what is not a filter's value is left out. */
export const parseFilters = (search: URLSearchParams): AuditFilters => ({
  range: parseRange(search),
  objectType: readChoices(ObjectType, search.get('objectType')),
  action: readChoices(AuditAction, search.get('action')),
  operator: readList('operator', search.get('operator')),
  office: readList('office', search.get('office')),
  station: readList('station', search.get('station')),
  tenant: readList('tenant', search.get('tenant')),
  chain: readList('chain', search.get('chain')),
  objectId: readWord(search, 'objectId'),
  correlationId: readWord(search, 'correlationId'),
  text: readWord(search, 'text'),
})

export const formatFilters = (filters: AuditFilters): URLSearchParams => {
  const search = new URLSearchParams()
  writeRange(search, filters.range)
  for (const name of LISTS) if (filters[name].length > 0) search.set(name, filters[name].join(','))
  for (const name of WORDS) {
    const value = filters[name]
    if (value !== null && value !== '') search.set(name, value)
  }
  return search
}

/** One thing that is looked for; `value` is null for the time range. */
export interface FilterChip {
  readonly name: FilterName
  readonly value: string | null
}
export const chipsOf = (filters: AuditFilters): FilterChip[] => [
  ...(filters.range === null ? [] : [{ name: 'range' as const, value: null }]),
  ...WORDS.flatMap((name) => (filters[name] === null ? [] : [{ name, value: filters[name] }])).toReversed(),
  ...LISTS.flatMap((name) => filters[name].map((value) => ({ name, value }))),
]
export const withoutChip = (filters: AuditFilters, { name, value }: FilterChip): AuditFilters => {
  const held = filters[name]
  return { ...filters, [name]: Array.isArray(held) ? held.filter((one) => one !== value) : null }
}
export const isFiltered = (filters: AuditFilters): boolean => chipsOf(filters).length > 0

type AuditQuery = Omit<z.input<typeof AuditFilter>, 'cursor' | 'limit'>
const given = (filters: AuditFilters): Omit<AuditQuery, 'from' | 'to'> =>
  Object.fromEntries([
    ...LISTS.filter((name) => filters[name].length > 0).map((name) => [name, [...filters[name]]]),
    ...WORDS.filter((name) => filters[name] !== null).map((name) => [name, filters[name]]),
  ]) as Omit<AuditQuery, 'from' | 'to'>

/** The query for the server; a span that reaches back from now is fixed at `now`. */
export const toQuery = (filters: AuditFilters, now: number): AuditQuery => ({
  ...resolveRange(filters.range, now),
  ...given(filters),
})

/** As it is kept at the server: a span that reaches back stays one. */
export const toSaved = (filters: AuditFilters): SavedSearch => {
  const { range } = filters
  const span =
    range === null
      ? {}
      : range.kind === 'last'
        ? { last: range.preset }
        : {
            ...(range.from === null ? {} : { from: range.from }),
            ...(range.to === null ? {} : { to: range.to }),
          }
  return SavedAuditSearch.parse({ ...span, ...given(filters) })
}
export const fromSaved = ({ last, from, to, ...rest }: SavedSearch): AuditFilters => {
  const range: TimeRange | null =
    last !== undefined
      ? { kind: 'last', preset: last }
      : from === undefined && to === undefined
        ? null
        : { kind: 'between', from: from ?? null, to: to ?? null }
  const kept = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return { ...NO_FILTERS, ...kept, range }
}
export const sameFilters = (a: AuditFilters, b: AuditFilters): boolean =>
  formatFilters(a).toString() === formatFilters(b).toString()

/** The open entry, `entry=chain:sequence`. */
export interface EntryRef {
  readonly chain: string
  readonly sequence: number
}
export const parseEntryRef = (search: URLSearchParams): EntryRef | null => {
  const match = /^([a-z0-9.-]{1,100}):(\d{1,15})$/.exec(search.get('entry') ?? '')
  return match?.[1] === undefined ? null : { chain: match[1], sequence: Number(match[2]) }
}
export const formatEntryRef = (entry: EntryRef): string => `${entry.chain}:${entry.sequence}`
