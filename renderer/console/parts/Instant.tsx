import { useTranslation } from 'react-i18next'
import { formatInstant, formatUtc } from '../format/time.ts'

/** An instant to the second in the reader's zone; UTC to the millisecond on hover. */
export function Instant({ at }: { at: number }) {
  const { i18n } = useTranslation()
  return (
    <time dateTime={new Date(at).toISOString()} title={formatUtc(at)}>
      {formatInstant(at, i18n.language)}
    </time>
  )
}
