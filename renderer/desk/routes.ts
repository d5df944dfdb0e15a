import { lazy, type ComponentType } from 'react'
import type { Right } from '../../shared/contract/permissions.ts'
import {
  IconCalendarStats,
  IconCreditCard,
  IconDeviceDesktop,
  IconLockOpen,
  IconSettings,
  IconSignature,
  IconUserPlus,
  IconUsers,
  type Icon,
} from '../ui/icons.ts'
import { addTexts } from '../ui/i18n.ts'
import { EXPORT_TEXTS } from './texts-later.ts'

/** A screen of the desk; its code is fetched when it is first opened. `path` is what stands behind its name in the hash. */
export interface DeskScreen {
  id: string
  icon: Icon
  /** What an operator needs to see it; null for everybody. */
  right: Right | null
  /** The shortcut that opens it. */
  keys: string
  View: ComponentType<{ path: readonly string[]; query: Readonly<Record<string, string>> }>
}

export const SCREENS: readonly DeskScreen[] = [
  {
    id: 'today',
    icon: IconCalendarStats,
    right: 'enrolment.read',
    keys: 'g t',
    View: lazy(async () => ({ default: (await import('./screens/Today.tsx')).Today })),
  },
  {
    id: 'enrol',
    icon: IconUserPlus,
    right: 'enrolment.write',
    keys: 'g e',
    View: lazy(async () => ({ default: (await import('./screens/enrol/Enrol.tsx')).Enrol })),
  },
  {
    id: 'people',
    icon: IconUsers,
    right: 'holder.read',
    keys: 'g p',
    View: lazy(async () => ({ default: (await import('./screens/People.tsx')).People })),
  },
  {
    id: 'card',
    icon: IconCreditCard,
    right: 'card.read',
    keys: 'g c',
    View: lazy(async () => ({ default: (await import('./screens/Card.tsx')).Card })),
  },
  {
    id: 'unlock',
    icon: IconLockOpen,
    right: 'card.unblock',
    keys: 'g u',
    View: lazy(async () => ({ default: (await import('./screens/Unlock.tsx')).Unlock })),
  },
  {
    id: 'console',
    icon: IconDeviceDesktop,
    right: 'console.use',
    keys: 'g o',
    View: lazy(async () => ({ default: (await import('./screens/ConsoleApproval.tsx')).ConsoleApproval })),
  },
  {
    id: 'exports',
    icon: IconSignature,
    right: 'audit.export',
    keys: 'g x',
    View: lazy(async () => {
      const [screen] = await Promise.all([import('./screens/Exports.tsx'), addTexts(EXPORT_TEXTS)])
      return { default: screen.Exports }
    }),
  },
  {
    id: 'settings',
    icon: IconSettings,
    right: null,
    keys: 'g s',
    View: lazy(async () => ({ default: (await import('./screens/Settings.tsx')).Settings })),
  },
]
