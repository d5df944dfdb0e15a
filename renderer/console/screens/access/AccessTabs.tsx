import { useTranslation } from 'react-i18next'
import { TabLinks } from '../../parts/TabLinks.tsx'

export function AccessTabs({ at }: { at: 'list' | 'review' }) {
  const { t } = useTranslation('console')
  return (
    <TabLinks
      label={t('screen.access')}
      tabs={[
        { path: ['access'], label: t('access.tab.list'), active: at === 'list' },
        { path: ['access', 'review'], label: t('access.tab.review'), active: at === 'review' },
      ]}
    />
  )
}
