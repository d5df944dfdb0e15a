import { createContext, useCallback, useContext } from 'react'
import type { AlarmView } from '../../../shared/contract/routes/alarms.ts'
import type { Load } from '../../ui/use-load.ts'
import { valueOf } from '../client/value-of.ts'
import { useConsole } from '../console-context.ts'
import { useMay } from './session-store.ts'
import { usePolled } from './use-polled.ts'

const EVERY_MS = 10_000

/** The open alarms, asked for once for all that show them; none for who may not see them. */
export const useAlarmPoll = (): Load<readonly AlarmView[]> => {
  const { client } = useConsole()
  const may = useMay('alarm.read')
  return usePolled(
    useCallback(
      async () =>
        may ? (await valueOf(client.call('listAlarms', { query: { state: 'open', limit: 200 } }))).items : [],
      [client, may],
    ),
    may ? EVERY_MS : null,
  )
}

export const AlarmContext = createContext<Load<readonly AlarmView[]> | null>(null)
export const useOpenAlarms = (): Load<readonly AlarmView[]> => {
  const alarms = useContext(AlarmContext)
  if (alarms === null) throw new TypeError('the alarm context is missing')
  return alarms
}

/** The worst first: critical before warnings, those nobody has seen to before the others, then the newest. */
export const worstFirst = (alarms: readonly AlarmView[]): AlarmView[] =>
  alarms.toSorted(
    (a, b) =>
      Number(b.severity === 'critical') - Number(a.severity === 'critical') ||
      Number(a.acknowledgedAt !== null) - Number(b.acknowledgedAt !== null) ||
      b.lastRaisedAt - a.lastRaisedAt,
  )
