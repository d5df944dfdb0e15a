import type { TFunction } from 'i18next'
import type { ExportSelection } from '../../shared/contract/routes/exports.ts'
import type { SavedAuditSearch } from '../../shared/contract/views.ts'
import { formatDateTime } from './format.ts'

/** An id that a machine made, cut to what tells it apart. */
const short = (id: string): string => {
  const made = /^[a-z][a-z0-9-]*_([0-9A-Za-z-]{8,48})$/.exec(id)?.[1]
  return made === undefined ? id : `…${made.slice(-6)}`
}

const timeWords = (t: TFunction, { last, from, to }: SavedAuditSearch, language: string): string | null => {
  if (last !== undefined) return t(`exports:range.${last}`)
  const at = (ms: number) => formatDateTime(ms, language)
  if (from !== undefined && to !== undefined) return t('exports:range.between', { from: at(from), to: at(to) })
  if (from !== undefined) return t('exports:range.from', { from: at(from) })
  return to === undefined ? null : t('exports:range.until', { to: at(to) })
}

const searchWords = (t: TFunction, search: SavedAuditSearch, language: string): string => {
  const list = (name: string, values: readonly string[] | undefined, word = (value: string) => value) =>
    values === undefined || values.length === 0
      ? null
      : `${t(`exports:filter.${name}`)}: ${values.map(word).join(', ')}`
  const one = (name: string, value: string | undefined) => list(name, value === undefined ? [] : [value])
  const words = [
    one('text', search.text),
    timeWords(t, search, language),
    list('objectType', search.objectType, (value) => t(`common:objectType.${value}`)),
    one('objectId', search.objectId && short(search.objectId)),
    list('action', search.action, (value) => t(`common:auditAction.${value}`)),
    list('operator', search.operator),
    list('office', search.office),
    list('station', search.station),
    list('tenant', search.tenant),
    list('chain', search.chain),
    one('correlationId', search.correlationId && short(search.correlationId)),
  ].filter((word) => word !== null)
  return words.length === 0 ? t('exports:selection.everything') : words.join(' · ')
}

/** What an export selects, in a line; of a search everything that is looked for. The exports' texts must be there. */
export const selectionWords = (t: TFunction, selection: ExportSelection, language: string): string => {
  if (selection.kind === 'chain') return t('exports:selection.chain', { chain: selection.chain })
  if (selection.kind === 'search') return searchWords(t, selection.search, language)
  const { objectType, objectId } = selection
  const type = t(`common:objectType.${objectType}`, { defaultValue: objectType })
  return t('exports:selection.object', { type, name: short(objectId) })
}
