import { useTranslation } from 'react-i18next'
import { TabLinks } from '../../parts/TabLinks.tsx'
import { RETENTION_PARTS, type RetentionPart } from '../../route/location.ts'

export function RetentionTabs({ at }: { at: RetentionPart }) {
  const { t } = useTranslation('console')
  return (
    <TabLinks
      label={t('screen.retention')}
      tabs={RETENTION_PARTS.map((tab) => ({
        path: tab === 'window' ? ['retention'] : ['retention', tab],
        label: t(`retention.tab.${tab}`),
        active: tab === at,
      }))}
    />
  )
}
