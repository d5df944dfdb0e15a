import { EvaluatedFilter, type ManifestHead } from '../../shared/exports/manifest.ts'
import type { EntryFilter } from '../db/repositories/audit-filter.ts'
import type { ExportFilter } from './ports.ts'

type Search = ManifestHead['search']

const list = (...parts: (readonly string[] | string | undefined)[]): string[] | undefined => {
  const given = parts.filter((part) => part !== undefined)
  return given.length === 0 ? undefined : given.flatMap((part) => [...(typeof part === 'string' ? [part] : part)])
}

const conditionsOf = (filter: EntryFilter) => ({
  from: filter.from,
  to: filter.to,
  chain: list(filter.chain, filter.chains),
  tenant: list(filter.tenant, filter.tenants),
  objectType: list(filter.objectType, filter.objectTypes),
  objectId: filter.objectId,
  action: list(filter.actions),
  operator: list(filter.operatorIds),
  office: list(filter.offices),
  station: list(filter.station, filter.stations),
  correlationId: filter.correlationId,
})

/**
 * What was selected as anybody can evaluate it over entries; not where words were looked for, where nothing can match,
 * where it holds what whoever ordered need not know, and where it is larger than a manifest may hold.
 */
export const evaluatedSearch = ({ selected, isUntold }: Pick<ExportFilter, 'selected' | 'isUntold'>): Search => {
  if (selected === null || isUntold || (selected.text ?? '') !== '') return { evaluated: false, filter: null }
  const given = Object.entries(conditionsOf(selected)).filter(([, value]) => value !== undefined)
  const { success, data } = EvaluatedFilter.safeParse(Object.fromEntries(given))
  return success ? { evaluated: true, filter: data } : { evaluated: false, filter: null }
}
