import type { EntryText } from '../audit/entry-scan.ts'
import type { EvaluatedFilter } from './manifest.ts'

const isOneOf = (wanted: readonly string[] | undefined, value: string | null): boolean =>
  wanted === undefined || (value !== null && wanted.includes(value))
const isText = (wanted: string | undefined, value: string): boolean => wanted === undefined || wanted === value

/** Whether an entry was to be selected. `chain` is a condition as every other. */
export const isSelected = (filter: EvaluatedFilter, entry: EntryText): boolean =>
  (filter.from === undefined || entry.at >= filter.from) &&
  (filter.to === undefined || entry.at < filter.to) &&
  isOneOf(filter.chain, entry.chain) &&
  isOneOf(filter.tenant, entry.tenant) &&
  isOneOf(filter.objectType, entry.object.type) &&
  isText(filter.objectId, entry.object.id) &&
  isOneOf(filter.action, entry.action) &&
  isOneOf(filter.operator, entry.operator?.id ?? null) &&
  isOneOf(filter.office, entry.office) &&
  isOneOf(filter.station, entry.station) &&
  isText(filter.correlationId, entry.correlationId)
