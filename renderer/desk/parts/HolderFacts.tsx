import { useTranslation } from 'react-i18next'
import type { HolderView } from '../../../shared/contract/views.ts'
import { formatCalendarDate } from '../../ui/format.ts'
import { Moment } from '../../ui/Moment.tsx'
import { Facts } from '../../ui/Screen.tsx'

/** A person's data; `brief` is what a caller is asked about. */
export function HolderFacts({ holder, brief = false }: { holder: HolderView; brief?: boolean }) {
  const { t, i18n } = useTranslation('desk')
  return (
    <Facts
      wide={brief}
      rows={[
        [t('holder.familyName'), holder.familyName],
        [t('holder.givenNames'), holder.givenNames],
        [t('holder.birthDate'), formatCalendarDate(holder.birthDate, i18n.language)],
        [t('holder.nationality'), brief ? null : holder.nationality],
        [t('holder.personalNumber'), holder.personalNumber],
        [t('holder.email'), brief ? null : holder.email],
        [t('holder.office'), brief ? null : holder.office.name],
        [t('holder.updated'), brief ? null : <Moment key="updated" at={holder.updatedAt} />],
      ]}
    />
  )
}
