import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { LoadView } from '../../../ui/States.tsx'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { formatDuration } from '../../format/time.ts'
import css from '../../parts/console.module.css'
import own from './jobs.module.css'
import { ErrorWords } from '../../parts/ErrorWords.tsx'
import { Instant } from '../../parts/Instant.tsx'
import { usePolled } from '../../stores/use-polled.ts'

const EVERY_MS = 5000

/** Each time a job was tried, and how that ended. */
export function JobRuns({ id }: { id: string }) {
  const { t, i18n } = useTranslation('console')
  const { client } = useConsole()
  const load = usePolled(
    useCallback(() => valueOf(client.call('readJob', { params: { id } })), [client, id]),
    EVERY_MS,
  )
  return (
    <LoadView load={load} right="job.read">
      {({ runs }) =>
        runs.length === 0 ? (
          <p className={css.quiet}>{t('job.noRuns')}</p>
        ) : (
          <ol className={own.runs}>
            {runs.map((run) => (
              <li key={run.attempt}>
                <Instant at={run.startedAt} /> · {run.node} ·{' '}
                {run.outcome === null ? t('job.state.running') : t(`job.outcome.${run.outcome}`)}
                {run.endedAt === null ? null : ` · ${formatDuration(run.endedAt - run.startedAt, i18n.language)}`}
                {run.error === null ? null : (
                  <>
                    {' · '}
                    <ErrorWords code={run.error} />
                  </>
                )}
              </li>
            ))}
          </ol>
        )
      }
    </LoadView>
  )
}
