import { Button, Group } from '@mantine/core'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import type { ScheduleView } from '../../../../shared/contract/routes/jobs.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { Panel } from '../../../ui/Screen.tsx'
import { LoadView } from '../../../ui/States.tsx'
import { ToneBadge } from '../../../ui/Tone.tsx'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import tables from '../../parts/tables.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { rhythmWords } from '../../parts/rhythm-words.ts'
import { ScheduleEditor } from '../../parts/ScheduleEditor.tsx'
import { TrailLink } from '../../parts/TrailLink.tsx'
import { useMay } from '../../stores/session-store.ts'
import { once, useAction } from '../../stores/use-action.ts'
import { usePolled } from '../../stores/use-polled.ts'
import { JobBadge } from './JobBadge.tsx'

const EVERY_MS = 10_000

/** What runs by itself, when, and how the last run ended. `onRun`: one was started now. */
export function Schedules({ onRun }: { onRun: () => void }) {
  const { t, i18n } = useTranslation('console')
  const { client } = useConsole()
  const may = useMay('job.manage')
  const action = useAction()
  const load = usePolled(
    useCallback(() => valueOf(client.call('listSchedules', {})), [client]),
    EVERY_MS,
  )
  const runNow = async ({ name }: ScheduleView) => {
    const job = await action.run(() => client.call('runSchedule', { params: { name } }, once()))
    if (job === undefined) return
    load.reload()
    onRun()
  }
  return (
    <Panel title={t('schedule.title')} flush>
      <LoadView load={load} right="job.read">
        {({ items }) => (
          <table className={tables.table}>
            <thead>
              <tr>
                <th scope="col">{t('schedule.what')}</th>
                <th scope="col">{t('schedule.when')}</th>
                <th scope="col">{t('schedule.next')}</th>
                <th scope="col">{t('schedule.last')}</th>
                <th scope="col">
                  <span className="cs-hidden">{t('schedule.edit')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((schedule) => (
                <tr key={schedule.name} data-testid="schedule">
                  <th scope="row">
                    {t(`schedule.name.${schedule.name}`)}{' '}
                    <TrailLink
                      objectType="schedule"
                      objectId={schedule.name}
                      name={t(`schedule.name.${schedule.name}`)}
                    />
                  </th>
                  <td title={`${schedule.cron} (${schedule.timeZone})`}>
                    {rhythmWords(t, schedule.cron, i18n.language)}
                  </td>
                  <td>
                    {!schedule.enabled ? (
                      <ToneBadge tone="idle">{t('schedule.off')}</ToneBadge>
                    ) : schedule.nextAt === null ? (
                      '—'
                    ) : (
                      <Instant at={schedule.nextAt} />
                    )}
                  </td>
                  <td>
                    {schedule.lastAt === null ? t('schedule.never') : <Instant at={schedule.lastAt} />}{' '}
                    {schedule.lastJob === null ? null : <JobBadge state={schedule.lastJob.state} />}
                  </td>
                  <td>
                    {may ? (
                      <Group gap={4} justify="flex-end" wrap="nowrap">
                        <Button
                          size="compact-xs"
                          variant="default"
                          disabled={action.busy}
                          aria-label={t('schedule.runOf', { name: t(`schedule.name.${schedule.name}`) })}
                          onClick={() => void runNow(schedule)}
                        >
                          {t('schedule.runNow')}
                        </Button>
                        <ScheduleEditor schedule={schedule} onDone={load.reload} />
                      </Group>
                    ) : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </LoadView>
      {action.failure === undefined ? null : <FailureNotice failure={action.failure} />}
    </Panel>
  )
}
