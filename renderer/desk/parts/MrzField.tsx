import { Input, Textarea } from '@mantine/core'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { normaliseMrz, parseMrz, type MrzResult } from '../../../shared/contract/mrz.ts'
import { localDate } from '../../ui/format.ts'
import { ToneBadge } from '../../ui/Tone.tsx'
import css from '../screens/screens.module.css'
import { useNow } from './use-now.ts'

/**
 * The machine readable zone, typed, pasted or scanned (a scanner types like a keyboard). Check digits are looked at
 * while typing (ICAO 9303 part 3 §4.9); `onText` gets the text and, when it reads, the zone.
 */
export function MrzField(props: {
  value: string
  onText: (text: string, zone: MrzResult | null) => void
  label?: string
  disabled?: boolean
  autoFocus?: boolean
}) {
  const { t } = useTranslation('desk')
  const id = useId()
  const outcome = parseMrz(props.value, localDate(useNow()))
  const verdict = () => {
    if (!outcome.ok)
      return outcome.reason === 'empty' ? (
        <ToneBadge tone="idle">{t('mrz.empty')}</ToneBadge>
      ) : (
        <ToneBadge tone={outcome.reason === 'incomplete' ? 'info' : 'bad'}>
          {t(`mrz.${outcome.reason}`, { count: props.value.replace(/\s/g, '').length })}
        </ToneBadge>
      )
    const { failed, format } = outcome.value
    return failed.length === 0 ? (
      <ToneBadge tone="ok">{t('mrz.sound', { format })}</ToneBadge>
    ) : (
      <ToneBadge tone="bad">
        {t('mrz.failed', { fields: failed.map((field) => t(`mrz.field.${field}`)).join(', ') })}
      </ToneBadge>
    )
  }
  return (
    <div>
      <div className={css.labelled}>
        <Input.Label htmlFor={id}>{props.label ?? t('mrz.label')}</Input.Label>
        <div aria-live="polite" data-testid="mrz-verdict">
          {verdict()}
        </div>
      </div>
      <Textarea
        id={id}
        placeholder={t('mrz.hint')}
        value={props.value}
        disabled={props.disabled === true}
        autoFocus={props.autoFocus === true}
        onChange={(event) => {
          const text = normaliseMrz(event.currentTarget.value)
          const read = parseMrz(text, localDate(Date.now()))
          props.onText(text, read.ok ? read.value : null)
        }}
        rows={3}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="characters"
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', letterSpacing: '0.04em' } }}
      />
    </div>
  )
}
