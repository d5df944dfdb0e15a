import { useTranslation } from 'react-i18next'
import { Screen } from '../../../ui/Screen.tsx'
import { LoadView } from '../../../ui/States.tsx'
import css from '../../parts/console.module.css'
import { ChecksList, LoadPanel, ServerPanel } from '../../parts/HealthPanels.tsx'
import { StaleNotice } from '../../parts/StaleNotice.tsx'
import { useHealth } from '../../stores/health-store.ts'
import { useMay } from '../../stores/session-store.ts'
import { NewestEntries } from './NewestEntries.tsx'
import { AlarmSummary, ChainSummary, JobSummary, LastVerification } from './Summaries.tsx'

/** How the server is, what was proved last, what is wrong, what happened last. */
export function Overview() {
  const { t } = useTranslation('console')
  const load = useHealth()
  const mayAudit = useMay('audit.read')
  const mayVerify = useMay('audit.verify')
  const mayAlarms = useMay('alarm.read')
  const mayJobs = useMay('job.read')
  return (
    <Screen title={t('screen.overview')} subtitle={t('overview.subtitle')}>
      <LoadView load={load} right="health.read">
        {(health) => (
          <div className={css.stack}>
            <StaleNotice load={load} asOf={health.time} />
            <div className={css.three}>
              <ChainSummary health={health} />
              {mayVerify ? <LastVerification /> : <ServerPanel health={health} />}
              {mayAlarms ? <AlarmSummary /> : null}
            </div>
            <div className={css.wide}>
              {mayAudit ? <NewestEntries /> : <LoadPanel health={health} />}
              <div className={css.stack}>
                {mayJobs ? <JobSummary /> : null}
                {mayVerify ? <ServerPanel health={health} /> : null}
                {mayAudit ? <LoadPanel health={health} /> : null}
                <ChecksList health={health} />
              </div>
            </div>
          </div>
        )}
      </LoadView>
    </Screen>
  )
}
