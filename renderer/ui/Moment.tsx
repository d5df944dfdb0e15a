import { useTranslation } from 'react-i18next'
import { formatDateTime, formatDay, formatTime, formatUtc } from './format.ts'

/** An instant in the reader's own time, UTC on hover. */
export function Moment({ at, show = 'both' }: { at: number; show?: 'both' | 'day' | 'time' }) {
  const { i18n } = useTranslation()
  const format = show === 'both' ? formatDateTime : show === 'day' ? formatDay : formatTime
  return (
    <time dateTime={new Date(at).toISOString()} title={formatUtc(at)}>
      {format(at, i18n.language)}
    </time>
  )
}
