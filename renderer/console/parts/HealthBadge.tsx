import { useTranslation } from 'react-i18next'
import type { HealthView } from '../../../shared/contract/index.ts'
import { ToneBadge, type Tone } from '../../ui/Tone.tsx'

export const HEALTH_TONES: Readonly<Record<HealthView['state'], Tone>> = { ok: 'ok', warning: 'warn', failed: 'bad' }

/** The health dot with its word; null while it is not known. */
export function HealthBadge({ state }: { state: HealthView['state'] | null }) {
  const { t } = useTranslation('common')
  if (state === null) return <ToneBadge tone="idle">{t('loading')}</ToneBadge>
  return (
    <ToneBadge tone={HEALTH_TONES[state]} testId="health-state">
      {t(`health.${state}`)}
    </ToneBadge>
  )
}
