import { Button } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Dialog } from '../../ui/Dialog.tsx'
import { fieldLabel } from '../../ui/field-label.ts'
import { IconHistory } from '../../ui/icons.ts'
import { Moment } from '../../ui/Moment.tsx'
import { Panel } from '../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import { usePagedLoad } from '../../ui/use-load.ts'
import { desk } from '../desk.ts'
import css from '../screens/screens.module.css'
import { useMay } from '../stores/desk-state.ts'

interface TrailOf {
  objectType: 'holder' | 'enrolment' | 'card' | 'certificate'
  objectId: string
}

/** Who did what with one object, from its creation to now: oldest first, as the server gives it. */
export function Trail(of: TrailOf) {
  const { t } = useTranslation('desk')
  return (
    <Panel flush bounded={t('trail.title')} title={t('trail.title')}>
      <Entries {...of} />
    </Panel>
  )
}

/**
 * The way from an object to its trail, which opens above the screen; nothing for whom may not read it. `name` is the
 * object in words, within a sentence.
 */
export function TrailButton({ name, ...of }: TrailOf & { name: string }) {
  const { t } = useTranslation('desk')
  const mayTrail = useMay('trail.read')
  const [opened, setOpened] = useState(false)
  if (!mayTrail) return null
  const title = t('trail.of', { what: name })
  return (
    <>
      <Button
        size="compact-sm"
        variant="subtle"
        leftSection={<IconHistory size={16} aria-hidden />}
        aria-label={title}
        onClick={() => setOpened(true)}
      >
        {t('trail.open')}
      </Button>
      <Dialog opened={opened} onClose={() => setOpened(false)} title={title} size={720}>
        <div role="region" aria-label={title} tabIndex={0} className={css.trailBox} data-testid="trail">
          <Entries {...of} />
        </div>
      </Dialog>
    </>
  )
}

function Entries({ objectType, objectId }: TrailOf) {
  const { t, i18n } = useTranslation('desk')
  const word = (name: string) => (i18n.exists(`common:field.${name}`) ? t(`common:field.${name}`) : null)
  const trail = usePagedLoad(
    useCallback(
      (cursor: string | undefined) =>
        desk.call('trail.get', { objectType, objectId, limit: 20, ...(cursor === undefined ? {} : { cursor }) }),
      [objectType, objectId],
    ),
  )
  return (
    <>
      <LoadView load={trail} right="trail.read">
        {(entries) =>
          entries.length === 0 ? (
            <EmptyState title={t('trail.empty')} />
          ) : (
            <ol className={css.trail} aria-label={t('trail.order')}>
              {entries.map((entry) => (
                <li key={`${entry.chain} ${entry.sequence}`} data-testid="trail-entry">
                  <span className={css.muted}>
                    <Moment at={entry.time} />
                  </span>
                  <span>
                    <strong>
                      {t(`common:auditAction.${entry.action}`)} · {t(`common:objectType.${entry.objectType}`)}
                    </strong>{' '}
                    {entry.operatorName ?? t('trail.system')}
                    {entry.changed.length === 0 ? null : (
                      <>
                        <br />
                        <span className={css.muted}>
                          {t('trail.changed', {
                            fields: entry.changed.map((path) => fieldLabel(path, word)).join(', '),
                          })}
                        </span>
                      </>
                    )}
                    {entry.erased === null ? null : (
                      <>
                        <br />
                        <span className={css.muted}>
                          {t('trail.erased')} <Moment at={entry.erased.at} show="day" />
                        </span>
                      </>
                    )}
                    {entry.reason === null ? null : (
                      <>
                        <br />
                        {t('trail.reason', { reason: entry.reason })}
                      </>
                    )}
                  </span>
                </li>
              ))}
            </ol>
          )
        }
      </LoadView>
      {trail.hasMore ? (
        <div style={{ padding: 8, textAlign: 'center' }}>
          <Button variant="subtle" size="xs" loading={trail.loading} onClick={trail.loadMore}>
            {t('common:loadMore')}
          </Button>
        </div>
      ) : null}
    </>
  )
}
