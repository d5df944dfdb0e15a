import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import type { HealthView } from '../../../../shared/contract/index.ts'
import { formatNumber } from '../../../ui/format.ts'
import { Facts, Panel } from '../../../ui/Screen.tsx'
import { LoadView } from '../../../ui/States.tsx'
import { Notice, ToneBadge } from '../../../ui/Tone.tsx'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { formatAgo } from '../../format/time.ts'
import { ALARM_TONES, alarmWhat } from '../../parts/alarm-words.ts'
import css from '../../parts/console.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { VerdictNotice } from '../../parts/VerdictNotice.tsx'
import { useOpenAlarms, worstFirst } from '../../stores/alarm-store.ts'
import { usePolled } from '../../stores/use-polled.ts'

const EVERY_MS = 10_000
const SHOWN_ALARMS = 3

export function LastVerification() {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const load = usePolled(
    useCallback(() => valueOf(client.call('listVerifications', { query: { limit: 1 } })), [client]),
    EVERY_MS,
  )
  return (
    <Panel
      title={t('overview.lastVerification')}
      actions={
        <a className={css.link} href="#/verification">
          {t('overview.verify')}
        </a>
      }
    >
      <LoadView load={load} right="audit.verify">
        {({ items: [last] }) =>
          last === undefined ? (
            <Notice tone="idle" title={t('verification.none')}>
              <p>{t('verification.noneWhy')}</p>
            </Notice>
          ) : (
            <VerdictNotice verification={last} short />
          )
        }
      </LoadView>
    </Panel>
  )
}

/** The own chain: whether it is written, what seals it last, and who else has seen it. */
export function ChainSummary({ health }: { health: HealthView }) {
  const { t, i18n } = useTranslation('console')
  const { client, clock } = useConsole()
  const { name, sequence, state, waiting } = health.chain
  const load = usePolled(
    useCallback(async () => {
      const [checkpoints, witnesses] = await Promise.all([
        valueOf(client.call('listCheckpoints', {})),
        valueOf(client.call('listWitnesses', { params: { chain: name } })),
      ])
      return { checkpoint: checkpoints.items.find((one) => one.chain === name) ?? null, witnesses }
    }, [client, name]),
    EVERY_MS,
  )
  const running = state === 'running'
  const count = (n: number) => formatNumber(n, i18n.language)
  const { checkpoint, witnesses } = load.data ?? { checkpoint: null, witnesses: null }
  const seen = witnesses?.items.filter((one) => one.size !== null && one.size >= witnesses.size).length ?? 0
  const stale = witnesses?.items.filter((one) => one.stale).length ?? 0
  return (
    <Panel
      title={t('health.chain')}
      actions={<ToneBadge tone={running ? 'ok' : 'bad'}>{t(`health.chainState.${state}`)}</ToneBadge>}
    >
      <Facts
        rows={[
          [t('health.chainName'), name],
          [t('health.lastEntry'), <span key="n">#{count(sequence)}</span>],
          [t('health.waiting'), waiting === 0 ? null : count(waiting)],
          [
            t('chain.checkpoint'),
            checkpoint === null ? null : (
              <span key="checkpoint" title={new Date(checkpoint.time).toISOString()}>
                {t('chain.checkpointOf', { n: count(checkpoint.size) })},{' '}
                {formatAgo(checkpoint.time, clock.now(), i18n.language)}
              </span>
            ),
          ],
          [
            t('overview.witnesses'),
            witnesses === null ? null : (
              <a key="witnesses" className={css.link} href="#/chains">
                {t('overview.seenBy', { seen: count(seen), all: count(witnesses.items.length) })}
                {stale === 0 ? '' : ` · ${t('overview.stale', { n: count(stale) })}`}
              </a>
            ),
          ],
        ]}
      />
      {running ? null : (
        <Notice tone="bad" title={t('health.chainStopped')} live>
          <p>{t('health.chainStoppedTodo')}</p>
        </Notice>
      )}
    </Panel>
  )
}

export function AlarmSummary() {
  const { t } = useTranslation('console')
  const load = useOpenAlarms()
  return (
    <Panel
      title={t('screen.alarms')}
      actions={
        <a className={css.link} href="#/alarms">
          {t('alarm.toAlarms')}
        </a>
      }
    >
      <LoadView load={load} right="alarm.read">
        {(alarms) =>
          alarms.length === 0 ? (
            <ToneBadge tone="ok">{t('alarm.noneOpen')}</ToneBadge>
          ) : (
            <ul className={css.checkList}>
              {worstFirst(alarms)
                .slice(0, SHOWN_ALARMS)
                .map((alarm) => (
                  <li key={alarm.id}>
                    <span>{alarmWhat(t, alarm)}</span>
                    <ToneBadge tone={ALARM_TONES[alarm.severity]}>{t(`alarm.severity.${alarm.severity}`)}</ToneBadge>
                  </li>
                ))}
            </ul>
          )
        }
      </LoadView>
    </Panel>
  )
}

/** Jobs that were given up, and what runs by itself next. */
export function JobSummary() {
  const { t, i18n } = useTranslation('console')
  const { client } = useConsole()
  const load = usePolled(
    useCallback(async () => {
      const [dead, waiting, schedules] = await Promise.all([
        valueOf(client.call('listJobs', { query: { state: 'dead', limit: 100 } })),
        valueOf(client.call('listJobs', { query: { state: 'waiting', limit: 100 } })),
        valueOf(client.call('listSchedules', {})),
      ])
      const next = schedules.items
        .flatMap(({ name, nextAt, enabled }) => (enabled && nextAt !== null ? [{ name, nextAt }] : []))
        .toSorted((a, b) => a.nextAt - b.nextAt)[0]
      return { dead: dead.items.length, waiting: waiting.items.length, next }
    }, [client]),
    EVERY_MS,
  )
  return (
    <Panel
      title={t('screen.jobs')}
      actions={
        <a className={css.link} href="#/jobs">
          {t('overview.toJobs')}
        </a>
      }
    >
      <LoadView load={load} right="job.read">
        {({ dead, waiting, next }) => (
          <Facts
            rows={[
              [
                t('job.state.dead'),
                dead === 0 ? (
                  '0'
                ) : (
                  <a key="dead" href="#/jobs?state=dead">
                    <ToneBadge tone="bad">{formatNumber(dead, i18n.language)}</ToneBadge>
                  </a>
                ),
              ],
              [t('job.state.waiting'), formatNumber(waiting, i18n.language)],
              [
                t('overview.nextJob'),
                next === undefined ? null : (
                  <span key="next">
                    {t(`schedule.name.${next.name}`)}, <Instant at={next.nextAt} />
                  </span>
                ),
              ],
            ]}
          />
        )}
      </LoadView>
    </Panel>
  )
}
