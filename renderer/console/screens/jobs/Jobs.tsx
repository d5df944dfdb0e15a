import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { JobKind, JobState } from '../../../../shared/contract/routes/jobs.ts'
import { Screen } from '../../../ui/Screen.tsx'
import { usePagedLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import { ReloadButton } from '../../parts/ReloadButton.tsx'
import { JobTabs } from './JobTabs.tsx'
import { Queue } from './Queue.tsx'
import { Schedules } from './Schedules.tsx'

/** What the server does by itself: when, what waits, what failed. */
export function Jobs({ query }: { query: Readonly<Record<string, string>> }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const state = JobState.safeParse(query['state']).data ?? null
  const kind = JobKind.safeParse(query['kind']).data ?? null
  const load = usePagedLoad(
    useCallback(
      (cursor: string | undefined) =>
        valueOf(
          client.call('listJobs', {
            query: {
              ...(state === null ? {} : { state }),
              ...(kind === null ? {} : { kind }),
              ...(cursor === undefined ? {} : { cursor }),
            },
          }),
        ),
      [client, state, kind],
    ),
  )
  return (
    <Screen title={t('screen.jobs')} subtitle={t('job.subtitle')} actions={<ReloadButton load={load} />}>
      <JobTabs at="jobs" />
      <div className={css.stack}>
        <Schedules onRun={load.reload} />
        <Queue load={load} filter={{ state, kind }} />
      </div>
    </Screen>
  )
}
