import { ExportSelection, type ExportSelection as Selection } from '../../../shared/contract/routes/exports.ts'
import { formatRoute } from '../../ui/route.ts'
import { formatFilters, fromSaved, parseFilters, toSaved, type AuditFilters } from './audit-filters.ts'
import { pathOf } from './location.ts'

type Query = Readonly<Record<string, string>>

/** What is to be exported stands in the address, as a search does: a link to a new export can be kept and sent. */
export const selectionQuery = (selection: Selection): Query => {
  switch (selection.kind) {
    case 'search':
      return { ...Object.fromEntries(formatFilters(fromSaved(selection.search))), of: 'search' }
    case 'object':
      return { of: 'object', objectType: selection.objectType, objectId: selection.objectId }
    default:
      return { of: 'chain', chain: selection.chain }
  }
}

/** Null where the address names nothing that could be exported. */
export const parseSelection = (query: Query): Selection | null => {
  const { of, objectType, objectId, chain } = query
  const asked =
    of === 'search'
      ? { kind: of, search: toSaved(parseFilters(new URLSearchParams(query))) }
      : of === 'object'
        ? { kind: of, objectType, objectId }
        : { kind: of, chain }
  return ExportSelection.safeParse(asked).data ?? null
}

export const exportLink = (selection: Selection): string => formatRoute(pathOf('export-new'), selectionQuery(selection))
export const exportSearchLink = (filters: AuditFilters): string =>
  exportLink({ kind: 'search', search: toSaved(filters) })
