import { Select } from '@mantine/core'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { AuditAction, ObjectType } from '../../../../shared/contract/index.ts'
import { IconSearch, IconX } from '../../../ui/icons.ts'
import { objectTypeWord } from '../../parts/ObjectName.tsx'
import { SearchInput } from '../../parts/SearchInput.tsx'
import { rangeWords, TimeRangeControl } from '../../parts/TimeRangeControl.tsx'
import css from '../../parts/console.module.css'
import {
  activeFilters,
  NO_FILTERS,
  type AuditFilters,
  type FilterName,
  type TextFilter,
} from '../../route/audit-filters.ts'

interface Props {
  readonly filters: AuditFilters
  readonly onChange: (filters: AuditFilters) => void
}

function TextField({ name, filters, onChange }: Props & { name: TextFilter }) {
  const { t } = useTranslation('console')
  const settled = useCallback(
    (value: string | null) => onChange({ ...filters, [name]: value }),
    [filters, name, onChange],
  )
  return (
    <SearchInput
      label={t(`filter.${name}`)}
      value={filters[name]}
      onSettled={settled}
      {...(name === 'text' ? { leftSection: <IconSearch size={16} aria-hidden />, id: 'audit-text' } : {})}
    />
  )
}

export function FilterBar({ filters, onChange }: Props) {
  const { t } = useTranslation('console')
  const objectTypes = ObjectType.options.map((value) => ({ value, label: objectTypeWord(t, value) }))
  const actions = AuditAction.options.map((value) => ({ value, label: t(`common:auditAction.${value}`) }))
  return (
    <search className={css.filters} aria-label={t('filter.label')}>
      <TextField name="text" filters={filters} onChange={onChange} />
      <TimeRangeControl value={filters.range} onChange={(range) => onChange({ ...filters, range })} />
      <Select
        label={t('filter.objectType')}
        placeholder={t('filter.any')}
        data={objectTypes}
        value={filters.objectType}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': t('filter.clearOne', { name: t('filter.objectType') }) }}
        onChange={(value) => onChange({ ...filters, objectType: value as ObjectType | null })}
      />
      <Select
        label={t('filter.action')}
        placeholder={t('filter.any')}
        data={actions}
        value={filters.action}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': t('filter.clearOne', { name: t('filter.action') }) }}
        onChange={(value) => onChange({ ...filters, action: value as AuditAction | null })}
      />
      <TextField name="operator" filters={filters} onChange={onChange} />
      <TextField name="office" filters={filters} onChange={onChange} />
      <TextField name="station" filters={filters} onChange={onChange} />
    </search>
  )
}

/** One chip per filter that is set; each takes itself away. */
export function FilterChips({ filters, onChange, note }: Props & { note: string }) {
  const { t, i18n } = useTranslation('console')
  const active = activeFilters(filters)
  const words = (name: FilterName): string => {
    if (name === 'range') return rangeWords(t, filters.range, i18n.language)
    if (name === 'objectType') return objectTypeWord(t, filters.objectType ?? '')
    if (name === 'action') return t(`common:auditAction.${filters.action}`)
    return filters[name] ?? ''
  }
  return (
    <div className={css.chips}>
      {active.map((name) => (
        <button
          key={name}
          type="button"
          className={css.chip}
          aria-label={t('filter.remove', { name: t(`filter.${name}`), value: words(name) })}
          onClick={() => onChange({ ...filters, [name]: null })}
        >
          <span>
            {t(`filter.${name}`)}: {words(name)}
          </span>
          <IconX size={14} aria-hidden />
        </button>
      ))}
      {active.length === 0 ? null : (
        <button type="button" className={css.chip} onClick={() => onChange(NO_FILTERS)}>
          {t('common:clearFilters')}
        </button>
      )}
      <span className={`${css.quiet} ${css.barEnd}`} role="status">
        {note}
      </span>
    </div>
  )
}
