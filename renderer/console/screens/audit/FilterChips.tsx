import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { IconX } from '../../../ui/icons.ts'
import own from './audit.module.css'
import { filterWords } from '../../parts/filter-words.ts'
import { chipsOf, NO_FILTERS, withoutChip, type AuditFilters, type FilterChip } from '../../route/audit-filters.ts'

/** One chip per thing that is looked for; each takes itself away. */
export function FilterChips(props: {
  filters: AuditFilters
  onChange: (filters: AuditFilters) => void
  children: ReactNode
}) {
  const { t, i18n } = useTranslation('console')
  const { filters, onChange } = props
  const chips = chipsOf(filters)
  const words = (chip: FilterChip): string => filterWords(t, filters, chip, i18n.language)
  return (
    <div className={own.chips}>
      {chips.map((chip) => (
        <button
          key={`${chip.name} ${chip.value}`}
          type="button"
          className={own.chip}
          title={chip.value ?? undefined}
          aria-label={t('filter.remove', { name: t(`filter.${chip.name}`), value: words(chip) })}
          onClick={() => onChange(withoutChip(filters, chip))}
        >
          <span>
            {t(`filter.${chip.name}`)}: {words(chip)}
          </span>
          <IconX size={14} aria-hidden />
        </button>
      ))}
      {chips.length === 0 ? null : (
        <button type="button" className={own.chip} onClick={() => onChange(NO_FILTERS)}>
          {t('common:clearFilters')}
        </button>
      )}
      {props.children}
    </div>
  )
}
