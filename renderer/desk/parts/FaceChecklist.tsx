import { Button, Checkbox } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { FaceFeature } from '../../../shared/contract/words.ts'
import css from '../screens/screens.module.css'

/** What the officer compared between the person and the picture; space ticks, "All match" ticks the rest. */
export function FaceChecklist(props: {
  checked: readonly FaceFeature[]
  onChange: (checked: FaceFeature[]) => void
  error?: string
}) {
  const { t } = useTranslation('desk')
  const all = FaceFeature.options.every((feature) => props.checked.includes(feature))
  const toggle = (feature: FaceFeature, on: boolean) =>
    props.onChange(FaceFeature.options.filter((other) => (other === feature ? on : props.checked.includes(other))))
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
      <legend style={{ padding: 0, marginBottom: 8, width: '100%' }}>{t('face.legend')}</legend>
      <div className={css.checks}>
        {FaceFeature.options.map((feature) => (
          <Checkbox
            key={feature}
            label={t(`face.${feature}`)}
            checked={props.checked.includes(feature)}
            onChange={(event) => toggle(feature, event.currentTarget.checked)}
          />
        ))}
      </div>
      <div style={{ display: 'flex', gap: 12, alignItems: 'center', marginTop: 8, minHeight: 30 }}>
        <Button size="xs" variant="default" disabled={all} onClick={() => props.onChange([...FaceFeature.options])}>
          {t('face.allMatch')}
        </Button>
        <span className={css.muted} aria-live="polite">
          {t('face.count', { done: props.checked.length, total: FaceFeature.options.length })}
        </span>
        {props.error === undefined ? null : (
          <span role="alert" style={{ color: 'var(--mantine-color-error)', fontSize: 12 }}>
            {props.error}
          </span>
        )}
      </div>
    </fieldset>
  )
}
