import { Button } from '@mantine/core'
import { lazy, Suspense, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Right } from '../../../shared/contract/index.ts'
import { Screen } from '../../ui/Screen.tsx'
import { EmptyState, NotPermitted, SkeletonRows } from '../../ui/States.tsx'
import { useDelayed } from '../../ui/use-load.ts'
import { Boundary } from '../../ui/Boundary.tsx'
import type { Place, PlainScreen, ScreenName } from '../route/location.ts'
import { useMay } from '../stores/session-store.ts'
import { SCREEN_LOADERS } from './screen-loaders.ts'

const Overview = lazy(SCREEN_LOADERS.overview)
const Audit = lazy(SCREEN_LOADERS.audit)
const Trail = lazy(SCREEN_LOADERS.trail)
const Verification = lazy(SCREEN_LOADERS.verification)
const Health = lazy(SCREEN_LOADERS.health)
const Operators = lazy(SCREEN_LOADERS.operators)
const Stations = lazy(SCREEN_LOADERS.stations)

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
      <Boundary key={place.screen}>
        <Suspense fallback={<Waiting />}>{screenAt(place)}</Suspense>
      </Boundary>
    </Permitted>
  )
}
