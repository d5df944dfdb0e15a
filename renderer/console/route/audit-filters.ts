import { AuditAction, AuditFilter, ObjectType } from '../../../shared/contract/index.ts'
import type { z } from 'zod'
import { parseRange, resolveRange, writeRange, type TimeRange } from './time-range.ts'

/** What the audit explorer looks for; the URL carries it whole. */
export interface AuditFilters {
  readonly range: TimeRange | null
  readonly objectType: ObjectType | null
  readonly objectId: string | null
  readonly action: AuditAction | null
  readonly operator: string | null
  readonly office: string | null
  readonly station: string | null
  readonly text: string | null
}
export const NO_FILTERS: AuditFilters = {
  range: null,
  objectType: null,
  objectId: null,
  action: null,
  operator: null,
  office: null,
  station: null,
  text: null,
}

/** Filters that are plain words, by their name in the URL and at the server. */
export const TEXT_FILTERS = ['objectId', 'operator', 'office', 'station', 'text'] as const
export type TextFilter = (typeof TEXT_FILTERS)[number]
const FILTER_NAMES = ['range', 'objectType', 'action', ...TEXT_FILTERS] as const
export type FilterName = (typeof FILTER_NAMES)[number]

/** The field's own schema decides, so that nothing from a URL reaches the server that it would refuse. */
const readText = (search: URLSearchParams, name: TextFilter): string | null => {
  const parsed = AuditFilter.shape[name].safeParse(search.get(name) ?? undefined)
  return parsed.success && parsed.data ? parsed.data : null
}

/** Never throws: what is not a filter's value is left out. */
export const parseFilters = (search: URLSearchParams): AuditFilters => {
  const objectType = ObjectType.safeParse(search.get('objectType'))
  const action = AuditAction.safeParse(search.get('action'))
  return {
    range: parseRange(search),
    objectType: objectType.success ? objectType.data : null,
    action: action.success ? action.data : null,
    objectId: readText(search, 'objectId'),
    operator: readText(search, 'operator'),
    office: readText(search, 'office'),
    station: readText(search, 'station'),
    text: readText(search, 'text'),
  }
}

export const formatFilters = (filters: AuditFilters): URLSearchParams => {
  const search = new URLSearchParams()
  writeRange(search, filters.range)
  for (const name of ['objectType', 'action', ...TEXT_FILTERS] as const) {
    const value = filters[name]
    if (value !== null && value !== '') search.set(name, value)
  }
  return search
}

export const activeFilters = (filters: AuditFilters): FilterName[] =>
  FILTER_NAMES.filter((name) => filters[name] !== null)

/** The query for the server; a span that reaches back from now is fixed at `now`. */
export const toQuery = (filters: AuditFilters, now: number): Omit<z.input<typeof AuditFilter>, 'cursor' | 'limit'> => {
  const { range, ...words } = filters
  const given = Object.fromEntries(Object.entries(words).filter(([, value]) => value !== null))
  return { ...resolveRange(range, now), ...given }
}

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
