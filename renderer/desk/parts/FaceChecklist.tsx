import { Button, Checkbox } from '@mantine/core'
import { useId } from 'react'
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
  const id = useId()
  const all = FaceFeature.options.every((feature) => props.checked.includes(feature))
  const toggle = (feature: FaceFeature, on: boolean) =>
    props.onChange(FaceFeature.options.filter((other) => (other === feature ? on : props.checked.includes(other))))
  return (
    <fieldset aria-labelledby={id} style={{ border: 0, margin: 0, padding: 0 }}>
      <div className={css.labelled} style={{ marginBottom: 6 }}>
        <span id={id}>{t('face.legend')}</span>
        {props.error === undefined ? null : (
          <span role="alert" style={{ color: 'var(--mantine-color-error)', fontSize: 12 }}>
            {props.error}
          </span>
        )}
        <span className={css.muted} aria-live="polite">
          {t('face.count', { done: props.checked.length, total: FaceFeature.options.length })}
        </span>
      </div>
      <div className={css.checks}>
        {FaceFeature.options.map((feature) => (
          <Checkbox
            key={feature}
            label={t(`face.${feature}`)}
            checked={props.checked.includes(feature)}
            onChange={(event) => toggle(feature, event.currentTarget.checked)}
          />
        ))}
        <div>
          <Button size="xs" variant="default" disabled={all} onClick={() => props.onChange([...FaceFeature.options])}>
            {t('face.allMatch')}
          </Button>
        </div>
      </div>
    </fieldset>
  )
}
