import { useTranslation } from 'react-i18next'
import { formatRoute } from '../../ui/route.ts'
import { trailPath } from '../route/location.ts'
import { useMay } from '../stores/session-store.ts'
import css from './console.module.css'

/** To everything that happened to an object, for who may see it; `name` tells the link apart from its neighbours. */
export function TrailLink(props: { objectType: string; objectId: string; name: string }) {
  const { t } = useTranslation('console')
  if (!useMay('trail.read')) return null
  return (
    <a
      className={css.link}
      href={formatRoute(trailPath(props.objectType, props.objectId))}
      aria-label={t('trail.of', { name: props.name })}
    >
      {t('screen.trail')}
    </a>
  )
}
