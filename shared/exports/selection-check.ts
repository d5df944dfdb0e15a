import type { SavedAuditSearch } from '../contract/audit-views.ts'
import type { EvaluatedFilter, Manifest } from './manifest.ts'
import { failed, passed, type Check, type Facts } from './report.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const SPANS = { '15m': 15 * MINUTE, '1h': 60 * MINUTE, '24h': DAY, '7d': 7 * DAY, '30d': 30 * DAY, '1y': 365 * DAY }
/** More values of one condition than people read. */
const VALUES_TOLD = 20

type Values = readonly string[] | string | undefined

const isSame = (left: Values, right: Values): boolean => {
  if (left === undefined || right === undefined) return left === right
  const [a, b] = [new Set([left].flat()), new Set([right].flat())]
  return a.size === b.size && [...a].every((one) => b.has(one))
}
const isWithin = (narrow: Values, wide: Values): boolean =>
  wide === undefined || (narrow !== undefined && [narrow].flat().every((one) => wide.includes(one)))

/** Words of names became ids, which nobody can tell from here: they are there on both sides, or on neither. */
const isBoth = (left: Values, right: Values): boolean => (left === undefined) === (right === undefined)

/** `last` counts back from the order, which is not after the package; it may begin earlier, not later. */
const isFrom = ({ from }: EvaluatedFilter, search: SavedAuditSearch, createdAt: number): boolean => {
  if (search.last === undefined) return from === search.from
  return from !== undefined && from <= Math.max(search.from ?? 0, createdAt - SPANS[search.last])
}

/** What the order itself left behind is not in the export: an open end is that of the order, which the filter tells. */
const isTo = ({ to }: EvaluatedFilter, search: SavedAuditSearch, createdAt: number): boolean =>
  to === search.to || (to !== undefined && to <= createdAt && (search.to === undefined || to < search.to))

const isSearch = (filter: EvaluatedFilter, search: SavedAuditSearch, createdAt: number): boolean =>
  search.text === undefined &&
  isFrom(filter, search, createdAt) &&
  isTo(filter, search, createdAt) &&
  isSame(filter.chain, search.chain) &&
  isSame(filter.objectType, search.objectType) &&
  isSame(filter.objectId, search.objectId) &&
  isSame(filter.action, search.action) &&
  isSame(filter.correlationId, search.correlationId) &&
  isBoth(filter.operator, search.operator) &&
  isBoth(filter.station, search.station) &&
  isWithin(filter.tenant, search.tenant) &&
  (search.office === undefined || filter.office !== undefined)

const NONE: SavedAuditSearch = {}

/** Whether the filter is what the selection says. Tenant and office, which whoever exports may be held to, narrow it. */
const isConsistent = ({ selection, search, createdAt }: Manifest): boolean => {
  if (!search.evaluated) return selection.kind === 'search'
  const { filter } = search
  if (selection.kind === 'search') return isSearch(filter, selection.search, createdAt)
  const isSpanned = filter.from !== undefined || filter.to !== undefined
  if (isSpanned) return false
  if (selection.kind === 'chain')
    return isSearch({ ...filter, chain: undefined }, NONE, createdAt) && isSame(filter.chain, selection.chain)
  const { objectType, objectId } = selection
  const rest = { ...filter, objectType: undefined, objectId: undefined }
  return isSearch(rest, NONE, createdAt) && isSame(filter.objectType, objectType) && filter.objectId === objectId
}

const told = (name: string, value: unknown): string => {
  if (typeof value === 'number') {
    // Whoever made the package may have written a number that is no time.
    const time = new Date(value)
    return `${name} ${Number.isNaN(time.getTime()) ? value : time.toISOString()}`
  }
  const values = [value].flat()
  const more = values.length > VALUES_TOLD ? ` (+${values.length - VALUES_TOLD})` : ''
  return `${name} ${values
    .slice(0, VALUES_TOLD)
    .map((one) => JSON.stringify(one))
    .join(' | ')}${more}`
}

const toldAll = (conditions: object): string | null =>
  Object.entries(conditions)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => told(name, value))
    .join(', ') || null

/** What was ordered, and what was evaluated, each as one text; null where there was no condition. */
export const selectionFacts = ({ selection, search }: Manifest): Facts => {
  const { kind, ...rest } = selection
  const conditions = selection.kind === 'search' ? selection.search : rest
  return {
    selection: [kind, toldAll(conditions)].filter((part) => part !== null).join(': '),
    filter: search.evaluated ? toldAll(search.filter) : null,
  }
}

/**
 * What a package claims as a whole, beside what each chain shows: that the filter is the one that was ordered, and that
 * there is a chain at all, of each that was named. Without one nothing is proved, however good the signatures are.
 */
export const checkSelection = (manifest: Manifest): readonly Check[] => {
  const about = { check: 'completeness' } as const
  const { completeness, counts, search } = manifest
  const facts = { ...selectionFacts(manifest), completeness }
  if (!isConsistent(manifest))
    return [failed({ ...about, code: 'differs', sub: 'FORMAT_FAILURE', indication: 'TOTAL-FAILED', facts })]
  const open = { ...about, sub: 'GENERIC', indication: 'INDETERMINATE' } as const
  if (counts.chains.length === 0)
    return [
      completeness === 'inclusion'
        ? passed({ ...about, code: 'none', facts })
        : failed({ ...open, code: 'missing', facts }),
    ]
  if (completeness === 'inclusion') return []
  const named = search.evaluated ? (search.filter.chain ?? []) : []
  const absent = named.filter((name) => !counts.chains.some(({ chain }) => chain === name))
  return absent.length === 0
    ? []
    : [failed({ ...open, code: 'missing', facts: { ...facts, names: absent.join(', ') } })]
}
