import { useTranslation } from 'react-i18next'
import { formatNumber } from '../../ui/format.ts'
import { ToneIcon } from '../../ui/Tone.tsx'
import { ALARM_TONES, alarmPlace, alarmTodo, alarmWhat } from '../parts/alarm-words.ts'
import own from './shell.module.css'
import { useOpenAlarms, worstFirst } from '../stores/alarm-store.ts'

/** On every screen while an alarm is open: the worst one in a sentence, what to do, and how many more there are. */
export function AlarmBanner() {
  const { t, i18n } = useTranslation('console')
  const alarms = worstFirst(useOpenAlarms().data ?? [])
  const worst = alarms[0]
  if (worst === undefined) return null
  const isSeen = alarms.every((alarm) => alarm.acknowledgedAt !== null)
  return (
    <div
      className={own.banner}
      data-severity={worst.severity}
      data-seen={isSeen}
      role={worst.severity === 'critical' ? 'alert' : 'status'}
      data-testid="alarm-banner"
    >
      <ToneIcon tone={ALARM_TONES[worst.severity]} size={20} />
      <p>
        <b>
          {t(`alarm.severity.${worst.severity}`)}: {alarmWhat(t, worst)}
        </b>{' '}
        <span className={own.todo}>
          {isSeen ? t('alarm.seenTo', { name: worst.acknowledgedBy?.name ?? '' }) : alarmTodo(t, worst)}
        </span>
      </p>
      <span className={own.bannerLinks}>
        <a href={alarmPlace(worst)}>{t(`alarm.kind.${worst.kind}.look`)}</a>
        <a href="#/alarms">
          {alarms.length > 1
            ? t('alarm.more', { n: formatNumber(alarms.length - 1, i18n.language) })
            : t('alarm.toAlarms')}
        </a>
      </span>
    </div>
  )
}
