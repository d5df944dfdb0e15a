import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../shared/contract/index.ts'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import type { Load } from '../../ui/use-load.ts'
import { Notice } from '../../ui/Tone.tsx'
import { Instant } from './Instant.tsx'

const isOffline = (failure: Failure): boolean => failure.code === 'NETWORK_OFFLINE'

/** What is shown below is old: since when, and why. Nothing while it is fresh. */
export function StaleNotice({ load, asOf }: { load: Load<unknown>; asOf?: number | undefined }) {
  const { t } = useTranslation('console')
  if (load.failure === undefined || load.data === undefined) return null
  if (!isOffline(load.failure)) return <FailureNotice failure={load.failure} onRetry={load.reload} />
  return (
    <Notice tone="warn" title={t('offline.title')} live>
      <p>
        {asOf === undefined ? t('offline.old') : t('offline.asOf')} {asOf === undefined ? null : <Instant at={asOf} />}
      </p>
    </Notice>
  )
}
