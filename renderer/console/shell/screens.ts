import type { Right } from '../../../shared/contract/index.ts'
import {
  IconDeviceDesktop,
  IconHeartbeat,
  IconListSearch,
  IconServer,
  IconShieldCheck,
  IconUsers,
  type Icon,
} from '../../ui/icons.ts'
import type { PlainScreen } from '../route/location.ts'

export interface ScreenEntry {
  readonly name: PlainScreen | 'audit'
  readonly icon: Icon
  readonly right: Right
  /** The letter after `g` that goes there. */
  readonly key: string
}

/** What can be gone to, in the order of the navigation. */
export const SCREENS: readonly ScreenEntry[] = [
  { name: 'overview', icon: IconServer, right: 'health.read', key: 'o' },
  { name: 'audit', icon: IconListSearch, right: 'audit.read', key: 'a' },
  { name: 'verification', icon: IconShieldCheck, right: 'audit.verify', key: 'v' },
  { name: 'health', icon: IconHeartbeat, right: 'health.read', key: 'h' },
  { name: 'operators', icon: IconUsers, right: 'operator.read', key: 'p' },
  { name: 'stations', icon: IconDeviceDesktop, right: 'station.read', key: 's' },
]
