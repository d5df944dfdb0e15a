import { useTranslation } from 'react-i18next'
import { TabLinks } from '../../parts/TabLinks.tsx'
import { useMay } from '../../stores/session-store.ts'

/** Jobs, and the mail they send for who may set it. */
export function JobTabs({ at }: { at: 'jobs' | 'mail' }) {
  const { t } = useTranslation('console')
  if (!useMay('mail.manage')) return null
  return (
    <TabLinks
      label={t('screen.jobs')}
      tabs={[
        { path: ['jobs'], label: t('job.tab'), active: at === 'jobs' },
        { path: ['jobs', 'mail'], label: t('mail.tab'), active: at === 'mail' },
      ]}
    />
  )
}
