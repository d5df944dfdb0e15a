import { MultiSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import css from './console.module.css'

/** Several of a closed list. What is chosen stands in the chips below; the field says only how much. */
export function ChoiceFilter<T extends string>(props: {
  label: string
  options: readonly { readonly value: T; readonly label: string }[]
  value: readonly T[]
  onChange: (value: T[]) => void
}) {
  const { t } = useTranslation('console')
  const { options, value } = props
  const said =
    value.length === 1
      ? (options.find((option) => option.value === value[0])?.label ?? value[0])
      : t('filter.chosen', { n: value.length })
  return (
    <MultiSelect
      label={props.label}
      placeholder={value.length === 0 ? t('filter.any') : said}
      data={[...options]}
      value={[...value]}
      searchable
      clearable
      hidePickedOptions={false}
      nothingFoundMessage={t('filter.noChoice')}
      classNames={{ pill: css.noPill ?? '', inputField: value.length === 0 ? '' : (css.chosen ?? '') }}
      clearButtonProps={{ 'aria-label': t('filter.clearOne', { name: props.label }) }}
      onChange={(next) => props.onChange(options.map((option) => option.value).filter((one) => next.includes(one)))}
    />
  )
}
