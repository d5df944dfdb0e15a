import { Button, Group, Select } from '@mantine/core'
import { Fragment, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { JobKind, JobState, type JobView } from '../../../../shared/contract/routes/jobs.ts'
import { goTo } from '../../../ui/route.ts'
import { Panel } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import type { PagedLoad } from '../../../ui/use-load.ts'
import { useConsole } from '../../console-context.ts'
import tables from '../../parts/tables.module.css'
import { ClearSearch } from '../../parts/ClearSearch.tsx'
import { ErrorWords } from '../../parts/ErrorWords.tsx'
import { Instant } from '../../parts/Instant.tsx'
import { MoreButton } from '../../parts/MoreButton.tsx'
import { ReasonDialog } from '../../parts/ReasonDialog.tsx'
import { TrailLink } from '../../parts/TrailLink.tsx'
import { useMay } from '../../stores/session-store.ts'
import { JobBadge } from './JobBadge.tsx'
import { JobRuns } from './JobRuns.tsx'

export interface JobFilter {
  readonly state: JobState | null
  readonly kind: JobKind | null
}
const show = ({ state, kind }: JobFilter) =>
  goTo(['jobs'], {
    query: { ...(state === null ? {} : { state }), ...(kind === null ? {} : { kind }) },
    replace: true,
  })

function Filter({ filter }: { filter: JobFilter }) {
  const { t } = useTranslation('console')
  return (
    <Group gap="xs" wrap="nowrap">
      <Select
        size="xs"
        aria-label={t('job.kindLabel')}
        placeholder={t('job.anyKind')}
        clearable
        clearButtonProps={{ 'aria-label': t('filter.clearOne', { name: t('job.kindLabel') }) }}
        data={JobKind.options.map((value) => ({ value, label: t(`job.kind.${value}`) }))}
        value={filter.kind}
        onChange={(kind) => show({ ...filter, kind: kind as JobKind | null })}
      />
      <Select
        size="xs"
        aria-label={t('job.stateLabel')}
        placeholder={t('job.anyState')}
        clearable
        clearButtonProps={{ 'aria-label': t('filter.clearOne', { name: t('job.stateLabel') }) }}
        data={JobState.options.map((value) => ({ value, label: t(`job.state.${value}`) }))}
        value={filter.state}
        onChange={(state) => show({ ...filter, state: state as JobState | null })}
      />
    </Group>
  )
}

function Row(props: { job: JobView; open: boolean; onOpen: () => void; onRetry: (() => void) | null }) {
  const { t } = useTranslation('console')
  const { job } = props
  const by = job.requestedBy?.name ?? t(job.schedule === null ? 'job.byAnother' : 'job.bySchedule')
  return (
    <Fragment>
      <tr data-testid="job">
        <td>
          <Instant at={job.createdAt} />
        </td>
        <th scope="row">{t(`job.kind.${job.kind}`)}</th>
        <td className={tables.whole}>
          <JobBadge state={job.state} />
        </td>
        <td>{by}</td>
        <td className={`${tables.number} ${tables.whole}`}>
          {t('job.tries', { n: job.attempts, max: job.maxAttempts })}
        </td>
        <td>{job.lastError === null ? '—' : <ErrorWords code={job.lastError} />}</td>
        <td>
          <Group gap={4} justify="flex-end" wrap="nowrap">
            {props.onRetry === null ? null : (
              <Button size="compact-xs" onClick={props.onRetry}>
                {t('job.retry')}
              </Button>
            )}
            <Button size="compact-xs" variant="default" aria-expanded={props.open} onClick={props.onOpen}>
              {t('job.runs')}
            </Button>
          </Group>
        </td>
      </tr>
      {props.open ? (
        <tr>
          <td colSpan={7}>
            <JobRuns id={job.id} />
            <TrailLink objectType="job" objectId={job.id} name={t(`job.kind.${job.kind}`)} />
          </td>
        </tr>
      ) : null}
    </Fragment>
  )
}

/** What waits, runs, was done, or was given up and may be tried again. */
export function Queue({ load, filter }: { load: PagedLoad<JobView>; filter: JobFilter }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const may = useMay('job.manage')
  const [open, setOpen] = useState<string | null>(null)
  const [retrying, setRetrying] = useState<JobView | null>(null)
  const filtered = filter.state !== null || filter.kind !== null
  return (
    <Panel title={t('job.queue')} actions={<Filter filter={filter} />} flush>
      <LoadView load={load} right="job.read">
        {(jobs) =>
          jobs.length === 0 ? (
            <EmptyState
              title={t(filtered ? 'job.notFound' : 'job.none')}
              action={filtered ? <ClearSearch onClear={() => show({ state: null, kind: null })} /> : null}
            >
              {filtered ? undefined : t('job.noneWhy')}
            </EmptyState>
          ) : (
            <>
              <table className={tables.table}>
                <thead>
                  <tr>
                    <th scope="col">{t('job.created')}</th>
                    <th scope="col">{t('job.kindLabel')}</th>
                    <th scope="col">{t('job.stateLabel')}</th>
                    <th scope="col">{t('job.by')}</th>
                    <th scope="col" className={tables.number}>
                      {t('job.tried')}
                    </th>
                    <th scope="col">{t('job.error')}</th>
                    <th scope="col">
                      <span className="cs-hidden">{t('job.runs')}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {jobs.map((job) => (
                    <Row
                      key={job.id}
                      job={job}
                      open={open === job.id}
                      onOpen={() => setOpen(open === job.id ? null : job.id)}
                      onRetry={may && job.state === 'dead' ? () => setRetrying(job) : null}
                    />
                  ))}
                </tbody>
              </table>
              <MoreButton load={load} />
            </>
          )
        }
      </LoadView>
      {retrying === null ? null : (
        <ReasonDialog
          title={t('job.retryTitle')}
          action={t('job.retry')}
          label={t('job.reason')}
          run={(reason) => client.call('retryJob', { params: { id: retrying.id }, body: { reason } })}
          onClose={() => setRetrying(null)}
          onDone={() => {
            setRetrying(null)
            load.reload()
          }}
        >
          <span>{t('job.retryMeans')}</span>
        </ReasonDialog>
      )}
    </Panel>
  )
}
