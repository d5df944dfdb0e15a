import { TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { HolderFields } from '../../../shared/contract/views.ts'
import css from '../screens/screens.module.css'
import { holderFieldsOf, type HolderDraft } from '../stores/identity.ts'

type Field = keyof HolderFields
const FIELDS: readonly { name: Field; span: number; type?: string; upper?: boolean; max: number; required: boolean }[] =
  [
    { name: 'familyName', span: 3, max: 100, required: true },
    { name: 'givenNames', span: 3, max: 100, required: true },
    { name: 'birthDate', span: 2, type: 'date', max: 10, required: true },
    { name: 'nationality', span: 2, max: 3, upper: true, required: true },
    { name: 'personalNumber', span: 2, max: 40, required: false },
    { name: 'email', span: 6, type: 'email', max: 200, required: false },
  ]

/** Fields of a person that the contract would refuse. */
export function wrongFields(draft: HolderDraft): Field[] {
  const parsed = HolderFields.safeParse(holderFieldsOf(draft))
  return parsed.success ? [] : [...new Set(parsed.error.issues.map((issue) => issue.path[0] as Field))]
}

/** A person's fields. Errors are shown once `tried`. */
export function HolderForm(props: {
  draft: HolderDraft
  onChange: (change: (old: HolderDraft) => HolderDraft) => void
  tried: boolean
  autoFocus?: boolean
}) {
  const { t } = useTranslation('desk')
  const wrong = props.tried ? wrongFields(props.draft) : []
  return (
    <div className={css.fields}>
      {FIELDS.map((field) => (
        <div key={field.name} style={{ gridColumn: `span ${field.span}` }}>
          <TextInput
            label={t(`holder.${field.name}`)}
            required={field.required}
            withAsterisk={field.required}
            type={field.type ?? 'text'}
            value={props.draft[field.name]}
            maxLength={field.max}
            autoComplete="off"
            data-autofocus={props.autoFocus === true && field.name === 'familyName' ? true : undefined}
            placeholder={field.name === 'nationality' ? t('holder.countryHint') : undefined}
            error={wrong.includes(field.name) ? t(`holder.wrong.${field.name}`) : undefined}
            onChange={(event) => {
              const value = field.upper === true ? event.currentTarget.value.toUpperCase() : event.currentTarget.value
              props.onChange((old) => ({ ...old, [field.name]: value }))
            }}
          />
        </div>
      ))}
    </div>
  )
}
