import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import type { ReaderView } from '../../../shared/contract/views.ts'
import css from '../screens/screens.module.css'
import { ownerOf } from '../stores/reader-facts.ts'
import { TriesLeft } from './TriesLeft.tsx'

/** Several cards are in: which one is meant. */
export function CardChoice(props: {
  readers: readonly ReaderView[]
  chosen: string | null
  onChoose: (reader: string) => void
  label?: string
}) {
  const { t } = useTranslation('desk')
  const group = useId()
  return (
    <fieldset className={css.choices}>
      <legend style={{ marginBottom: 8 }}>{props.label ?? t('choose.label')}</legend>
      <div className={css.pair}>
        {props.readers.map((reader) => (
          <label key={reader.name} className={css.choice}>
            <input
              type="radio"
              name={group}
              checked={props.chosen === reader.name}
              onChange={() => props.onChoose(reader.name)}
            />
            <span style={{ minWidth: 0, display: 'flex', flexWrap: 'wrap', gap: '0 12px' }}>
              <strong>{ownerOf(reader) ?? t(`reader.${reader.state}.word`)}</strong>
              <span className={css.muted}>{reader.name}</span>
            </span>
            {reader.card === null ? null : <TriesLeft left={reader.card.pinTries} most={reader.card.pinTriesMax} />}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
