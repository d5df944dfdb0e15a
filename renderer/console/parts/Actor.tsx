import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import type { AuditEntryRow } from '../../../shared/contract/index.ts'
import css from './console.module.css'

type Who = Pick<AuditEntryRow, 'operatorId' | 'operatorName' | 'action'>
type Where = Pick<AuditEntryRow, 'office' | 'officeName' | 'station' | 'stationName'>

/** What happens only to someone who is not signed in, where it names nobody. */
const REFUSALS: readonly AuditEntryRow['action'][] = ['LoginFailed', 'AccessDenied']

/** Who did it: a person, nobody who was let in, or the server by itself. An id is no name: whoever is not known any more is said so, with the id on hover. */
export function Actor({ entry }: { entry: Who }) {
  const { t } = useTranslation('console')
  if (entry.operatorName !== null) return entry.operatorName
  if (entry.operatorId === null)
    return <span className={css.quiet}>{t(REFUSALS.includes(entry.action) ? 'audit.nobody' : 'audit.server')}</span>
  return (
    <span className={css.quiet} title={entry.operatorId}>
      {t('audit.unknownOperator')}
    </span>
  )
}

const named = (id: string | null, name: string | null, unknown: string): string | null =>
  name ?? (id === null ? null : unknown)
export const stationWord = (t: TFunction, entry: Where): string | null =>
  named(entry.station, entry.stationName, t('audit.unknownStation'))
export const officeWord = (t: TFunction, entry: Where): string | null =>
  named(entry.office, entry.officeName, t('audit.unknownOffice'))

/** Where it was done: the station, or the office where no station was. */
export const placeWord = (t: TFunction, entry: Where): string | null =>
  entry.stationName ?? entry.officeName ?? stationWord(t, entry) ?? officeWord(t, entry)
