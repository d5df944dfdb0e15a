import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { Panel } from '../../../ui/Screen.tsx'
import { LoadView } from '../../../ui/States.tsx'
import { ToneBadge } from '../../../ui/Tone.tsx'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { rhythmWords } from '../../parts/rhythm-words.ts'
import { ScheduleEditor } from '../../parts/ScheduleEditor.tsx'
import { usePolled } from '../../stores/use-polled.ts'

const EVERY_MS = 30_000

/** When the chains are verified without anybody asking. */
export function NextRuns() {
  const { t, i18n } = useTranslation('console')
  const { client } = useConsole()
  const load = usePolled(
    useCallback(async () => {
      const { items } = await valueOf(client.call('listSchedules', {}))
      return items.filter((schedule) => schedule.kind === 'audit-verification')
    }, [client]),
    EVERY_MS,
  )
  return (
    <Panel title={t('verification.byItself')}>
      <LoadView load={load} right="job.read">
        {(schedules) => (
          <ul className={css.checkList}>
            {schedules.map((schedule) => (
              <li key={schedule.name} data-testid="next-run">
                <div>
                  <b>{t(`schedule.name.${schedule.name}`)}</b>
                  <div className={css.quiet}>{rhythmWords(t, schedule.cron, i18n.language)}</div>
                  {!schedule.enabled ? (
                    <ToneBadge tone="idle">{t('schedule.off')}</ToneBadge>
                  ) : schedule.nextAt === null ? null : (
                    <div>
                      {t('schedule.next')}: <Instant at={schedule.nextAt} />
                    </div>
                  )}
                </div>
                <ScheduleEditor schedule={schedule} onDone={load.reload} />
              </li>
            ))}
          </ul>
        )}
      </LoadView>
    </Panel>
  )
}
