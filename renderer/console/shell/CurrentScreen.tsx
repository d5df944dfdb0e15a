import { Button } from '@mantine/core'
import { lazy, Suspense, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Right } from '../../../shared/contract/index.ts'
import { Screen } from '../../ui/Screen.tsx'
import { EmptyState, NotPermitted, SkeletonRows } from '../../ui/States.tsx'
import { useDelayed } from '../../ui/use-load.ts'
import type { Place, PlainScreen, ScreenName } from '../route/location.ts'
import { useMay } from '../stores/session-store.ts'

const Overview = lazy(async () => ({ default: (await import('../screens/Overview.tsx')).Overview }))
const Audit = lazy(async () => ({ default: (await import('../screens/audit/Audit.tsx')).Audit }))
const Trail = lazy(async () => ({ default: (await import('../screens/Trail.tsx')).Trail }))
const Verification = lazy(async () => ({
  default: (await import('../screens/verification/Verification.tsx')).Verification,
}))
const Health = lazy(async () => ({ default: (await import('../screens/Health.tsx')).Health }))
const Operators = lazy(async () => ({ default: (await import('../screens/Operators.tsx')).Operators }))
const Stations = lazy(async () => ({ default: (await import('../screens/Stations.tsx')).Stations }))

const RIGHTS: Readonly<Record<Exclude<ScreenName, 'unknown'>, Right>> = {
  overview: 'health.read',
  audit: 'audit.read',
  trail: 'trail.read',
  verification: 'audit.verify',
  health: 'health.read',
  operators: 'operator.read',
  stations: 'station.read',
}

function Permitted({ screen, children }: { screen: Exclude<ScreenName, 'unknown'>; children: ReactNode }) {
  const { t } = useTranslation('console')
  const right = RIGHTS[screen]
  if (useMay(right)) return children
  return (
    <Screen title={t(`screen.${screen}`)}>
      <NotPermitted right={right} />
    </Screen>
  )
}

function Waiting() {
  return useDelayed(true) ? <SkeletonRows /> : null
}

function Unknown() {
  const { t } = useTranslation('console')
  return (
    <Screen title={t('unknown.title')}>
      <EmptyState
        title={t('unknown.what')}
        action={
          <Button component="a" href="#/" variant="default">
            {t('unknown.toOverview')}
          </Button>
        }
      >
        {t('unknown.todo')}
      </EmptyState>
    </Screen>
  )
}

const PLAIN: Readonly<Record<PlainScreen, () => ReactNode>> = {
  overview: () => <Overview />,
  verification: () => <Verification />,
  health: () => <Health />,
  operators: () => <Operators />,
  stations: () => <Stations />,
}

const screenAt = (place: Exclude<Place, { screen: 'unknown' }>): ReactNode => {
  if (place.screen === 'audit') return <Audit query={place.query} />
  if (place.screen !== 'trail') return PLAIN[place.screen]()
  const { objectType, objectId } = place
  return <Trail key={`${objectType}/${objectId}`} objectType={objectType} objectId={objectId} />
}

export function CurrentScreen({ place }: { place: Place }) {
  if (place.screen === 'unknown') return <Unknown />
  return (
    <Permitted screen={place.screen}>
      <Suspense fallback={<Waiting />}>{screenAt(place)}</Suspense>
    </Permitted>
  )
}
