import { Button } from '@mantine/core'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { fieldLabel } from '../../ui/field-label.ts'
import { Moment } from '../../ui/Moment.tsx'
import { Panel } from '../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import { usePagedLoad } from '../../ui/use-load.ts'
import { desk } from '../desk.ts'
import css from '../screens/screens.module.css'

/** Who did what with one object, newest first. */
export function Trail({ objectType, objectId }: { objectType: string; objectId: string }) {
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
    <Panel flush bounded={t('trail.title')} title={t('trail.title')}>
      <LoadView load={trail} right="trail.read">
        {(entries) =>
          entries.length === 0 ? (
            <EmptyState title={t('trail.empty')} />
          ) : (
            <ol className={css.trail}>
              {entries.map((entry) => (
                <li key={`${entry.chain} ${entry.sequence}`}>
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
    </Panel>
  )
}
