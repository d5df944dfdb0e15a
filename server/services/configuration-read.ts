import type { ObjectType } from '../../shared/contract/index.ts'
import type { Call } from './call.ts'
import type { Changes } from './change.ts'

/** Settings that administrators look at, by what their entry is about. */
const SETTINGS = {
  'audit-retention': 'window and retention',
  'mail-settings': 'mail',
  schedule: 'schedules',
  operator: 'operators',
  station: 'stations',
} as const satisfies Partial<Record<ObjectType, string>>

/** Keeps that an administrator read settings: one entry per session and kind, before the settings are given. */
export const tellConfigurationRead = async (
  changes: Pick<Changes, 'tellOnce'>,
  call: Call,
  type: keyof typeof SETTINGS,
): Promise<void> => {
  if (call.actor.role !== 'SA') return
  await changes.tellOnce(call, {
    action: 'ConfigurationRead',
    object: { type, id: 'all' },
    after: { name: SETTINGS[type] },
  })
}
