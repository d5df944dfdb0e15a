import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Frame } from '../../ui/Frame.tsx'
import { useShortcuts, type Shortcut } from '../../ui/keys.ts'
import { usePreferences } from '../../ui/preferences.ts'
import { formatRoute, goTo, useRoute } from '../../ui/route.ts'
import { useConsole } from '../console-context.ts'
import { Boundary } from '../../ui/Boundary.tsx'
import { LOGO } from '../parts/logo.ts'
import { parsePlace, pathOf, rangeOf, type ScreenName } from '../route/location.ts'
import { AlarmContext, useAlarmPoll } from '../stores/alarm-store.ts'
import { HealthContext, useHealthPoll } from '../stores/health-store.ts'
import { sessionMay, useSignedIn } from '../stores/session-store.ts'
import { AlarmBanner } from './AlarmBanner.tsx'
import { CurrentScreen } from './CurrentScreen.tsx'
import { fetchScreensAhead } from './screen-loaders.ts'
import { SCREENS } from './screens.ts'
import { TopBar } from './TopBar.tsx'

const Palette = lazy(async () => ({ default: (await import('./Palette.tsx')).Palette }))
const KeyHelp = lazy(async () => ({ default: (await import('./KeyHelp.tsx')).KeyHelp }))

/** After the first screen had its time. */
const AHEAD_MS = 2000

/** Screens that are a part of another one in the navigation. */
const PART_OF: Partial<Record<ScreenName, ScreenName>> = {
  trail: 'audit',
  'export-new': 'exports',
  mail: 'jobs',
  'access-review': 'access',
}

/** Everything behind the sign-in: navigation, bar, the screen the URL names, palette and keys. */
export function Shell() {
  const { t } = useTranslation('console')
  const { signOut } = useConsole()
  const session = useSignedIn()
  const health = useHealthPoll()
  const alarms = useAlarmPoll()
  const route = useRoute()
  const place = useMemo(() => parsePlace(route), [route])
  const letters = usePreferences((preferences) => preferences.letterKeys)
  const [open, setOpen] = useState<'palette' | 'keys' | null>(null)

  const screens = useMemo(() => SCREENS.filter((screen) => sessionMay(session, screen.right)), [session])
  const shortcuts = useMemo(
    (): Shortcut[] => [
      { keys: 'mod+k', label: t('common:keys.palette'), run: () => setOpen('palette') },
      { keys: '?', label: t('common:keys.list'), run: () => setOpen('keys') },
      ...screens.map((screen) => ({
        keys: `g ${screen.key}`,
        label: t('goTo', { screen: t(`screen.${screen.name}`) }),
        run: () => goTo(pathOf(screen.name)),
      })),
    ],
    [t, screens],
  )
  useShortcuts(shortcuts, letters)

  useEffect(() => {
    const timer = setTimeout(() => void fetchScreensAhead(), AHEAD_MS)
    return () => clearTimeout(timer)
  }, [])

  const items = screens.map((screen) => ({
    id: screen.name,
    label: t(`nav.${screen.name}`, { defaultValue: t(`screen.${screen.name}`) }),
    icon: screen.icon,
    href: formatRoute(pathOf(screen.name), screen.ranged === true ? rangeOf(route.query) : {}),
    active: (PART_OF[place.screen] ?? place.screen) === screen.name,
  }))
  const close = () => setOpen(null)
  return (
    <HealthContext value={health}>
      <AlarmContext value={alarms}>
        <Frame
          logo={LOGO}
          items={items}
          header={
            <>
              <TopBar onPalette={() => setOpen('palette')} onKeys={() => setOpen('keys')} onSignOut={signOut} />
              <AlarmBanner />
            </>
          }
        >
          <CurrentScreen place={place} />
        </Frame>
        <Boundary>
          <Suspense>
            {open === 'palette' ? <Palette screens={screens} onClose={close} onSignOut={signOut} /> : null}
            {open === 'keys' ? <KeyHelp onClose={close} shortcuts={shortcuts} /> : null}
          </Suspense>
        </Boundary>
      </AlarmContext>
    </HealthContext>
  )
}
