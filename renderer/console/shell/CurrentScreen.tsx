import { Button } from '@mantine/core'
import { lazy, Suspense, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Right } from '../../../shared/contract/index.ts'
import { Screen } from '../../ui/Screen.tsx'
import { EmptyState, NotPermitted, SkeletonRows } from '../../ui/States.tsx'
import { useDelayed } from '../../ui/use-load.ts'
import { Boundary } from '../../ui/Boundary.tsx'
import type { Place, ScreenName } from '../route/location.ts'
import { useMay } from '../stores/session-store.ts'
import { SCREEN_LOADERS } from './screen-loaders.ts'

const Overview = lazy(SCREEN_LOADERS.overview)
const Audit = lazy(SCREEN_LOADERS.audit)
const Trail = lazy(SCREEN_LOADERS.trail)
const Verification = lazy(SCREEN_LOADERS.verification)
const Exports = lazy(SCREEN_LOADERS.exports)
const NewExport = lazy(SCREEN_LOADERS['export-new'])
const Check = lazy(SCREEN_LOADERS.check)
const Keys = lazy(SCREEN_LOADERS.keys)
const Chains = lazy(SCREEN_LOADERS.chains)
const Retention = lazy(SCREEN_LOADERS.retention)
const Access = lazy(SCREEN_LOADERS.access)
const AccessReview = lazy(SCREEN_LOADERS['access-review'])
const Alarms = lazy(SCREEN_LOADERS.alarms)
const Jobs = lazy(SCREEN_LOADERS.jobs)
const Mail = lazy(SCREEN_LOADERS.mail)
const Health = lazy(SCREEN_LOADERS.health)
const Operators = lazy(SCREEN_LOADERS.operators)
const Stations = lazy(SCREEN_LOADERS.stations)

type Known = Exclude<ScreenName, 'unknown'>
const RIGHTS: Readonly<Record<Known, Right>> = {
  overview: 'health.read',
  audit: 'audit.read',
  trail: 'trail.read',
  verification: 'audit.verify',
  exports: 'audit.export',
  'export-new': 'audit.export',
  check: 'console.use',
  keys: 'key.read',
  chains: 'health.read',
  retention: 'retention.read',
  access: 'access.read',
  'access-review': 'access.read',
  alarms: 'alarm.read',
  jobs: 'job.read',
  mail: 'mail.manage',
  health: 'health.read',
  operators: 'operator.read',
  stations: 'station.read',
}

function Permitted({ screen, children }: { screen: Known; children: ReactNode }) {
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

const year = (text: string | undefined): number | null => (/^\d{4}$/.test(text ?? '') ? Number(text) : null)

const screenAt = (place: Exclude<Place, { screen: 'unknown' }>): ReactNode => {
  switch (place.screen) {
    case 'overview':
      return <Overview />
    case 'audit':
      return <Audit query={place.query} />
    case 'trail':
      return (
        <Trail key={`${place.objectType}/${place.objectId}`} objectType={place.objectType} objectId={place.objectId} />
      )
    case 'verification':
      return <Verification query={place.query} />
    case 'exports':
      return <Exports query={place.query} />
    case 'export-new':
      return <NewExport query={place.query} />
    case 'check':
      return <Check />
    case 'keys':
      return <Keys />
    case 'chains':
      return <Chains />
    case 'retention':
      return <Retention part={place.part} query={place.query} />
    case 'access':
      return <Access query={place.query} />
    case 'access-review':
      return <AccessReview year={year(place.query['year'])} />
    case 'alarms':
      return <Alarms query={place.query} />
    case 'jobs':
      return <Jobs query={place.query} />
    case 'mail':
      return <Mail />
    case 'health':
      return <Health />
    case 'operators':
      return <Operators />
    default:
      return <Stations />
  }
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
