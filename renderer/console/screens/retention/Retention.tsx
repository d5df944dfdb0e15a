import { useTranslation } from 'react-i18next'
import { Screen } from '../../../ui/Screen.tsx'
import { Cleaning } from './Cleaning.tsx'
import { Erasure } from './Erasure.tsx'
import type { RetentionPart } from '../../route/location.ts'
import { RetentionTabs } from './RetentionTabs.tsx'
import { Window } from './Window.tsx'

/** How long the audit is kept, what is deleted behind a cut, and what is erased on request. */
export function Retention({ part, query }: { part: RetentionPart; query: Readonly<Record<string, string>> }) {
  const { t } = useTranslation('console')
  return (
    <Screen key={part} title={t('screen.retention')} subtitle={t('retention.subtitle')}>
      <RetentionTabs at={part} />
      {part === 'window' ? <Window /> : null}
      {part === 'cleaning' ? <Cleaning /> : null}
      {part === 'erasure' ? (
        <Erasure objectType={query['objectType'] ?? null} objectId={query['objectId'] ?? null} />
      ) : null}
    </Screen>
  )
}
