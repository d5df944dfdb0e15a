import { useTranslation } from 'react-i18next'
import type { JobView } from '../../../../shared/contract/routes/jobs.ts'
import { ToneBadge, type Tone } from '../../../ui/Tone.tsx'

const TONES: Readonly<Record<JobView['state'], Tone>> = { waiting: 'idle', running: 'info', done: 'ok', dead: 'bad' }

export function JobBadge({ state }: { state: JobView['state'] }) {
  const { t } = useTranslation('console')
  return <ToneBadge tone={TONES[state]}>{t(`job.state.${state}`)}</ToneBadge>
}
