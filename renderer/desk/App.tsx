import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { hasRight } from '../../shared/contract/permissions.ts'
import { Boundary } from '../ui/Boundary.tsx'
import { Frame } from '../ui/Frame.tsx'
import { useShortcuts, type Shortcut } from '../ui/keys.ts'
import { usePreferences } from '../ui/preferences.ts'
import { formatRoute, goTo, useRoute } from '../ui/route.ts'
import { Screen } from '../ui/Screen.tsx'
import { EmptyState, NotPermitted, SkeletonRows } from '../ui/States.tsx'
import { useDelayed } from '../ui/use-load.ts'
import { CardBar } from './parts/CardBar.tsx'
import { SCREENS, type DeskScreen } from './routes.ts'
import { LockOverlay } from './screens/LockOverlay.tsx'
import { SignIn } from './screens/SignIn.tsx'
import { rolesOf, useDeskState } from './stores/desk-state.ts'
import { lockDesk } from './stores/session-actions.ts'
import type { SessionView } from '../../shared/contract/views.ts'

const KeyList = lazy(async () => ({ default: (await import('../ui/KeyList.tsx')).KeyList }))
const Palette = lazy(async () => ({ default: (await import('./Palette.tsx')).Palette }))

const permitted = (screen: DeskScreen, session: SessionView): boolean =>
  screen.right === null || hasRight(rolesOf(session), screen.right)

/** The desk: signing in, or the frame with the screen of the route; the lock lies over both. */
export function App() {
  const { t } = useTranslation('desk')
  const state = useDeskState((desk) => desk.session)
  const session = state === null || state.status === 'signed-out' ? null : state.session
  const locked = state?.status === 'locked'
  const letters = usePreferences((preferences) => preferences.letterKeys)
  const [open, setOpen] = useState<'keys' | 'palette' | null>(null)
  const shortcuts = useMemo<Shortcut[]>(() => {
    const help = { keys: '?', label: t('common:keys.list'), run: () => setOpen('keys') }
    if (locked) return []
    if (session === null) return [help]
    const screens = SCREENS.filter((screen) => permitted(screen, session)).map((screen) => ({
      keys: screen.keys,
      label: t(`screen.${screen.id}`),
      run: () => goTo([screen.id]),
    }))
    return [
      { keys: 'mod+k', label: t('common:keys.palette'), run: () => setOpen('palette') },
      ...screens,
      { keys: '/', label: t('keys.search'), run: focusSearch },
      { keys: 'mod+enter', label: t('keys.primary'), run: pressPrimary },
      {
        keys: 'r',
        label: t('keys.readers'),
        run: () => document.querySelector<HTMLElement>('[data-testid="reader-0"]')?.focus(),
      },
      { keys: 'alt+l', label: t('operator.lock'), run: lockDesk },
      help,
    ]
  }, [t, session, locked])
  useShortcuts(shortcuts, letters)
  // Dialogs lie outside what is made inert below: the style sheet takes them out of sight and reach with this.
  useEffect(() => {
    document.body.toggleAttribute('data-locked', locked)
  }, [locked])
  if (state === null) return null
  return (
    <>
      {session === null ? (
        <SignIn onKeys={() => setOpen('keys')} />
      ) : (
        <div inert={locked} aria-hidden={locked} style={{ height: '100%', visibility: locked ? 'hidden' : undefined }}>
          <SignedIn session={session} onKeys={() => setOpen('keys')} />
        </div>
      )}
      <LockOverlay />
      <Suspense>
        {open === 'keys' && !locked ? <KeyList opened onClose={() => setOpen(null)} shortcuts={shortcuts} /> : null}
        {open === 'palette' && !locked ? <Palette onClose={() => setOpen(null)} shortcuts={shortcuts} /> : null}
      </Suspense>
    </>
  )
}

const focusSearch = (): void => document.querySelector<HTMLInputElement>('[data-search]')?.focus()
const pressPrimary = (): void =>
  document.querySelector<HTMLButtonElement>('main [data-primary]:not(:disabled)')?.click()

function SignedIn({ session, onKeys }: { session: SessionView; onKeys: () => void }) {
  const { t } = useTranslation('desk')
  const route = useRoute()
  const epoch = useDeskState((state) => state.epoch)
  const allowed = SCREENS.filter((screen) => permitted(screen, session))
  const name = route.path[0] ?? allowed[0]?.id
  const screen = SCREENS.find((candidate) => candidate.id === name)
  const items = allowed.map((item) => ({
    id: item.id,
    label: t(`screen.${item.id}`),
    icon: item.icon,
    href: formatRoute([item.id]),
    active: item.id === name,
  }))
  return (
    <Frame logo="./countersign.svg" items={items} header={<CardBar onKeys={onKeys} />}>
      <Boundary key={`${epoch}:${name}`}>
        <Suspense key={epoch} fallback={<ScreenComing />}>
          {screen === undefined ? (
            <Screen title={t('noScreen.title')}>
              <EmptyState title={t('noScreen.what')}>{t('noScreen.todo')}</EmptyState>
            </Screen>
          ) : permitted(screen, session) ? (
            <screen.View path={route.path.slice(1)} query={route.query} />
          ) : (
            <Screen title={t(`screen.${screen.id}`)}>
              <NotPermitted right={screen.right ?? undefined} />
            </Screen>
          )}
        </Suspense>
      </Boundary>
    </Frame>
  )
}

function ScreenComing() {
  return useDelayed(true) ? <SkeletonRows /> : null
}
