import { Button } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { AuditAction, ObjectType } from '../../../../shared/contract/index.ts'
import { IconChevronDown, IconSearch } from '../../../ui/icons.ts'
import { ChoiceFilter } from '../../parts/ChoiceFilter.tsx'
import own from './audit.module.css'
import { objectTypeWord } from '../../parts/ObjectName.tsx'
import { SearchInput } from '../../parts/SearchInput.tsx'
import { TimeRangeControl } from '../../parts/TimeRangeControl.tsx'
import { parseTyped, type AuditFilters, type TypedList } from '../../route/audit-filters.ts'

interface Props {
  readonly filters: AuditFilters
  /** What changed, put over what is looked for when it is told: a field that settles late undoes nothing. */
  readonly onChange: (change: Partial<AuditFilters>) => void
}

function TypedField({ name, filters, onChange }: Props & { name: TypedList }) {
  const { t } = useTranslation('console')
  const settled = useCallback((value: string | null) => onChange({ [name]: parseTyped(name, value) }), [name, onChange])
  const value = filters[name].join(', ')
  return (
    <SearchInput
      label={t(`filter.${name}`)}
      placeholder={t('filter.any')}
      title={t('filter.commas')}
      value={value === '' ? null : value}
      onSettled={settled}
    />
  )
}

const MORE = ['office', 'station', 'tenant', 'chain'] as const

/** Few fields at first, so that the entries have the room; the others come when asked for, or when one of them is set. */
export function FilterBar({ filters, onChange }: Props) {
  const { t } = useTranslation('console')
  const [asked, setAsked] = useState<boolean | null>(null)
  const settled = useCallback((text: string | null) => onChange({ text }), [onChange])
  const objectTypes = ObjectType.options.map((value) => ({ value, label: objectTypeWord(t, value) }))
  const actions = AuditAction.options.map((value) => ({ value, label: t(`common:auditAction.${value}`) }))
  const needed = MORE.some((name) => filters[name].length > 0)
  const open = asked ?? needed
  return (
    <search aria-label={t('filter.label')}>
      <div className={own.filters}>
        <SearchInput
          label={t('filter.text')}
          placeholder={t('filter.textHint')}
          title={t('filter.textHow')}
          value={filters.text}
          onSettled={settled}
          leftSection={<IconSearch size={16} aria-hidden />}
          id="audit-text"
        />
        <TimeRangeControl value={filters.range} onChange={(range) => onChange({ range })} />
        <ChoiceFilter
          label={t('filter.objectType')}
          options={objectTypes}
          value={filters.objectType}
          onChange={(objectType) => onChange({ objectType })}
        />
        <ChoiceFilter
          label={t('filter.action')}
          options={actions}
          value={filters.action}
          onChange={(action) => onChange({ action })}
        />
        <TypedField name="operator" filters={filters} onChange={onChange} />
        <Button
          variant="default"
          px="xs"
          aria-expanded={open}
          rightSection={<IconChevronDown size={16} aria-hidden style={open ? { rotate: '180deg' } : {}} />}
          onClick={() => setAsked(!open)}
        >
          {t('filter.more')}
        </Button>
      </div>
      {open ? (
        <div className={own.moreFilters}>
          {MORE.map((name) => (
            <TypedField key={name} name={name} filters={filters} onChange={onChange} />
          ))}
        </div>
      ) : null}
    </search>
  )
}
