import type { TFunction } from 'i18next'
import type { AlarmKind, AlarmView } from '../../../shared/contract/routes/alarms.ts'
import type { Tone } from '../../ui/Tone.tsx'
import { formatRoute } from '../../ui/route.ts'

export const ALARM_TONES: Readonly<Record<AlarmView['severity'], Tone>> = { warning: 'warn', critical: 'bad' }

/** What is wrong, and what to do, in a sentence each. */
export const alarmWhat = (t: TFunction, alarm: AlarmView): string =>
  t(`alarm.kind.${alarm.kind}.what`, { ...alarm.detail, key: alarm.key })
export const alarmTodo = (t: TFunction, alarm: AlarmView): string => t(`alarm.kind.${alarm.kind}.todo`)

const PLACES: Readonly<Record<AlarmKind, string>> = {
  'chain-unwritable': formatRoute(['health']),
  'verification-failed': formatRoute(['verification']),
  'witness-contradiction': formatRoute(['chains']),
  'witness-stale': formatRoute(['chains']),
  'timestamp-late': formatRoute(['chains']),
  'job-dead': formatRoute(['jobs'], { state: 'dead' }),
  'mail-undeliverable': formatRoute(['jobs', 'mail']),
}
/** Where to look at it. */
export const alarmPlace = ({ kind, detail }: AlarmView): string => {
  const { run } = detail
  return kind === 'verification-failed' && typeof run === 'string'
    ? formatRoute(['verification'], { id: run })
    : PLACES[kind]
}
