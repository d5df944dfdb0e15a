import type { Right } from '../../../shared/contract/index.ts'
import {
  IconBell,
  IconClock,
  IconDeviceDesktop,
  IconHeartbeat,
  IconHistory,
  IconKey,
  IconListSearch,
  IconServer,
  IconShieldCheck,
  IconUserCheck,
  IconUsers,
  type Icon,
} from '../../ui/icons.ts'
import { IconFileCheck, IconLink, IconPackageExport } from '../parts/icons.ts'
import type { AskingScreen, PlainScreen } from '../route/location.ts'

export interface ScreenEntry {
  readonly name: Exclude<PlainScreen, 'mail'> | Exclude<AskingScreen, 'access-review' | 'export-new'> | 'retention'
  readonly icon: Icon
  readonly right: Right
  /** The letter after `g` that goes there. */
  readonly key: string
  /** It has a time range, which goes along from one such screen to the next. */
  readonly ranged?: true
}

/** What can be gone to, in the order of the navigation. */
export const SCREENS: readonly ScreenEntry[] = [
  { name: 'overview', icon: IconServer, right: 'health.read', key: 'o' },
  { name: 'audit', icon: IconListSearch, right: 'audit.read', key: 'a', ranged: true },
  { name: 'verification', icon: IconShieldCheck, right: 'audit.verify', key: 'v' },
  { name: 'exports', icon: IconPackageExport, right: 'audit.export', key: 'e' },
  { name: 'check', icon: IconFileCheck, right: 'console.use', key: 'f' },
  { name: 'chains', icon: IconLink, right: 'health.read', key: 'c' },
  { name: 'retention', icon: IconHistory, right: 'retention.read', key: 'r' },
  { name: 'access', icon: IconUserCheck, right: 'access.read', key: 'd', ranged: true },
  { name: 'alarms', icon: IconBell, right: 'alarm.read', key: 'l' },
  { name: 'jobs', icon: IconClock, right: 'job.read', key: 'j' },
  { name: 'keys', icon: IconKey, right: 'key.read', key: 'k' },
  { name: 'health', icon: IconHeartbeat, right: 'health.read', key: 'h' },
  { name: 'operators', icon: IconUsers, right: 'operator.read', key: 'p' },
  { name: 'stations', icon: IconDeviceDesktop, right: 'station.read', key: 's' },
]
