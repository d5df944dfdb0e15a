import type { TFunction } from 'i18next'
import type { ExportSelection } from '../../../../shared/contract/routes/exports.ts'
import { shownId } from '../../format/shown-id.ts'
import { objectTypeWord } from '../../parts/ObjectName.tsx'
import { filterWords } from '../../parts/filter-words.ts'
import { chipsOf, fromSaved } from '../../route/audit-filters.ts'

/** What was selected, in a line; of a search everything that is looked for. `t` is of the exports' texts. */
export const selectionWords = (t: TFunction, selection: ExportSelection, language: string): string => {
  if (selection.kind === 'chain') return t('selection.chain', { chain: selection.chain })
  if (selection.kind === 'object')
    return t('selection.object', {
      type: objectTypeWord(t, selection.objectType),
      name: shownId(selection.objectId),
    })
  const filters = fromSaved(selection.search)
  const chips = chipsOf(filters)
  if (chips.length === 0) return t('selection.everything')
  return chips
    .map((chip) => `${t(`console:filter.${chip.name}`)}: ${filterWords(t, filters, chip, language)}`)
    .join(' · ')
}
