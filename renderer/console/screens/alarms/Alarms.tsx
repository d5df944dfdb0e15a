import { Button, SegmentedControl } from '@mantine/core'
import type { TFunction } from 'i18next'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isErrorCode } from '../../../../shared/contract/index.ts'
import type { AlarmView } from '../../../../shared/contract/routes/alarms.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { IconCircleCheck } from '../../../ui/icons.ts'
import { goTo } from '../../../ui/route.ts'
import { Facts, Panel, Screen } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { ToneBadge, type Tone } from '../../../ui/Tone.tsx'
import { usePagedLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { ALARM_TONES, alarmPlace, alarmTodo, alarmWhat } from '../../parts/alarm-words.ts'
import css from '../../parts/console.module.css'
import own from './alarms.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { ReasonDialog } from '../../parts/ReasonDialog.tsx'
import { TrailLink } from '../../parts/TrailLink.tsx'
import { useOpenAlarms, worstFirst } from '../../stores/alarm-store.ts'
import { useMay } from '../../stores/session-store.ts'

type AlarmState = 'open' | 'seen' | 'over'
const STATE_TONES: Readonly<Record<AlarmState, Tone>> = { open: 'bad', seen: 'warn', over: 'ok' }
const stateOf = (alarm: AlarmView): AlarmState =>
  alarm.clearedAt !== null ? 'over' : alarm.acknowledgedAt === null ? 'open' : 'seen'

/** A detail's value in words where it is one of ours. */
const detailWord = (t: TFunction, name: string, value: string): string => {
  if (name === 'mode') return t(`verification.depth.${value}.name`, { defaultValue: value })
  if (name === 'verdict') return t(`verification.fault.${value}.what`, { defaultValue: value })
  if (name === 'kind') return t(`job.kind.${value}`, { defaultValue: value })
  return isErrorCode(value) ? t(`errors:${value}.what`) : value
}

function Details({ alarm }: { alarm: AlarmView }) {
  const { t, i18n } = useTranslation('console')
  const word = (name: string) => (i18n.exists(`console:alarm.detail.${name}`) ? t(`alarm.detail.${name}`) : name)
  // Ids are for machines; where to look is a link beside.
  const detail = Object.entries(alarm.detail)
    .filter(([name]) => name !== 'run' && name !== 'job')
    .map(([name, value]): [string, string] => [word(name), detailWord(t, name, String(value))])
  return (
    <Facts
      rows={[
        [t('alarm.about'), <span key="key">{alarm.key}</span>],
        [t('alarm.raised'), <Instant key="raised" at={alarm.raisedAt} />],
        [t('alarm.lastRaised'), alarm.times === 1 ? null : <Instant key="last" at={alarm.lastRaisedAt} />],
        [t('alarm.times'), alarm.times === 1 ? null : alarm.times],
        [
          t('alarm.acknowledged'),
          alarm.acknowledgedAt === null ? null : (
            <span key="seen">
              {alarm.acknowledgedBy?.name} · <Instant at={alarm.acknowledgedAt} />
            </span>
          ),
        ],
        [t('alarm.cleared'), alarm.clearedAt === null ? null : <Instant key="cleared" at={alarm.clearedAt} />],
        ...detail,
      ]}
    />
  )
}

function Alarm({ alarm, onAcknowledge }: { alarm: AlarmView; onAcknowledge: () => void }) {
  const { t } = useTranslation('console')
  const may = useMay('alarm.acknowledge')
  const state = stateOf(alarm)
  return (
    <Panel
      title={
        <span className={own.alarmTitle}>
          <ToneBadge tone={ALARM_TONES[alarm.severity]}>{t(`alarm.severity.${alarm.severity}`)}</ToneBadge>
          {alarmWhat(t, alarm)}
        </span>
      }
      actions={<ToneBadge tone={STATE_TONES[state]}>{t(`alarm.state.${state}`)}</ToneBadge>}
      testId="alarm"
    >
      <div className={own.alarmBody}>
        <div>
          {state === 'over' ? null : <p>{alarmTodo(t, alarm)}</p>}
          <Details alarm={alarm} />
          <p>
            <TrailLink objectType="alarm" objectId={alarm.id} name={alarmWhat(t, alarm)} />
          </p>
        </div>
        {state === 'over' ? null : (
          <div className={own.alarmActions}>
            <Button component="a" href={alarmPlace(alarm)} variant="default">
              {t(`alarm.kind.${alarm.kind}.look`)}
            </Button>
            {may && state === 'open' ? <Button onClick={onAcknowledge}>{t('alarm.acknowledge')}</Button> : null}
          </div>
        )}
      </div>
    </Panel>
  )
}

/** Alarms that are open, or all there ever were. */
export function Alarms({ query }: { query: Readonly<Record<string, string>> }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const open = useOpenAlarms()
  const state = query['state'] === 'all' ? 'all' : 'open'
  const [seeing, setSeeing] = useState<AlarmView | null>(null)
  const load = usePagedLoad(
    useCallback(
      (cursor: string | undefined) =>
        valueOf(client.call('listAlarms', { query: { state, ...(cursor === undefined ? {} : { cursor }) } })),
      [client, state],
    ),
  )
  const done = () => {
    setSeeing(null)
    load.reload()
    open.reload()
  }
  return (
    <Screen
      title={t('screen.alarms')}
      subtitle={t('alarm.subtitle')}
      actions={
        <SegmentedControl
          aria-label={t('alarm.which')}
          value={state}
          data={[
            { value: 'open', label: t('alarm.showOpen') },
            { value: 'all', label: t('alarm.showAll') },
          ]}
          onChange={(next) => goTo(['alarms'], { query: next === 'all' ? { state: 'all' } : {}, replace: true })}
        />
      }
    >
      {load.failure !== undefined && load.data !== undefined ? (
        <FailureNotice failure={load.failure} onRetry={load.loadMore} />
      ) : null}
      <LoadView load={load} right="alarm.read">
        {(alarms) =>
          alarms.length === 0 ? (
            <EmptyState
              icon={<IconCircleCheck size={32} aria-hidden />}
              title={t(state === 'open' ? 'alarm.noneOpen' : 'alarm.noneEver')}
            >
              {t('alarm.noneWhy')}
            </EmptyState>
          ) : (
            <div className={css.stack}>
              {(state === 'open' ? worstFirst(alarms) : alarms).map((alarm) => (
                <Alarm key={alarm.id} alarm={alarm} onAcknowledge={() => setSeeing(alarm)} />
              ))}
              {load.hasMore ? (
                <Button variant="subtle" loading={load.loading} onClick={load.loadMore}>
                  {t('common:loadMore')}
                </Button>
              ) : null}
            </div>
          )
        }
      </LoadView>
      {seeing === null ? null : (
        <ReasonDialog
          title={t('alarm.acknowledge')}
          action={t('alarm.acknowledge')}
          label={t('alarm.note')}
          hint={t('alarm.noteHow')}
          optional
          run={(note) =>
            client.call('acknowledgeAlarm', { params: { id: seeing.id }, body: { note: note === '' ? null : note } })
          }
          onClose={() => setSeeing(null)}
          onDone={done}
        >
          <b>{alarmWhat(t, seeing)}</b>
          <span>{t('alarm.acknowledgeMeans')}</span>
        </ReasonDialog>
      )}
    </Screen>
  )
}
