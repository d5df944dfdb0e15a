import type { TFunction } from 'i18next'
import { shownId } from '../format/shown-id.ts'
import type { AuditFilters, FilterChip } from '../route/audit-filters.ts'
import { objectTypeWord } from './ObjectName.tsx'
import { rangeWords } from './TimeRangeControl.tsx'

/** One thing that is looked for, in words. */
export const filterWords = (
  t: TFunction,
  filters: AuditFilters,
  { name, value }: FilterChip,
  language: string,
): string => {
  if (name === 'range') return rangeWords(t, filters.range, language)
  if (name === 'objectType') return objectTypeWord(t, value ?? '')
  if (name === 'action') return t(`common:auditAction.${value}`)
  return name === 'objectId' || name === 'correlationId' ? shownId(value ?? '') : (value ?? '')
}
