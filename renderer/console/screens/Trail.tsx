import { Button } from '@mantine/core'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import type { AuditEntryView } from '../../../shared/contract/index.ts'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { IconArrowLeft } from '../../ui/icons.ts'
import { formatRoute } from '../../ui/route.ts'
import { Panel, Screen } from '../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import { usePagedLoad } from '../../ui/use-load.ts'
import { valueOf } from '../client/value-of.ts'
import { useConsole } from '../console-context.ts'
import { shownId } from '../format/shown-id.ts'
import { ActionBadge } from '../parts/ActionBadge.tsx'
import { Actor, officeWord, stationWord } from '../parts/Actor.tsx'
import css from '../parts/console.module.css'
import own from './trail.module.css'
import { Difference } from '../parts/Difference.tsx'
import { Erased } from '../parts/Erased.tsx'
import { Instant } from '../parts/Instant.tsx'
import { objectTypeWord } from '../parts/ObjectName.tsx'
import { IconPackageExport } from '../parts/icons.ts'
import { exportLink } from '../route/export-selection.ts'
import { formatEntryRef } from '../route/audit-filters.ts'
import { useMay } from '../stores/session-store.ts'

function Event({ entry }: { entry: AuditEntryView }) {
  const { t } = useTranslation('console')
  const mayOpen = useMay('audit.read')
  const bare = entry.before === null && entry.after === null
  const where = [officeWord(t, entry), stationWord(t, entry)].filter((word) => word !== null)
  return (
    <li data-testid="trail-entry">
      <div className={own.eventHead}>
        <ActionBadge action={entry.action} />
        <b>
          <Instant at={entry.time} />
        </b>
        <span>
          <Actor entry={entry} />
        </span>
        <span className={css.quiet}>{where.join(' · ')}</span>
        {mayOpen ? (
          <a
            className={css.link}
            href={formatRoute(['audit'], { objectId: entry.objectId, entry: formatEntryRef(entry) })}
          >
            {t('audit.entry', { sequence: entry.sequence })}
          </a>
        ) : (
          <span className={css.quiet}>#{entry.sequence}</span>
        )}
      </div>
      {entry.reason === null ? null : (
        <p style={{ margin: '0 0 8px' }}>
          {t('audit.reason')}: {entry.reason}
        </p>
      )}
      {entry.erased === null ? null : <Erased erased={entry.erased} />}
      {bare ? null : <Difference before={entry.before} after={entry.after} />}
    </li>
  )
}

/** Everything that happened to one object, from its creation to now. */
export function Trail({ objectType, objectId }: { objectType: string; objectId: string }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const load = usePagedLoad(
    useCallback(
      (cursor: string | undefined) =>
        valueOf(
          client.call('readTrail', {
            params: { objectType, objectId },
            query: cursor === undefined ? {} : { cursor },
          }),
        ),
      [client, objectType, objectId],
    ),
  )
  const mayExport = useMay('audit.export')
  const name = load.data?.findLast((entry) => entry.objectName !== null)?.objectName ?? null
  return (
    <Screen
      title={t('trail.title', { type: objectTypeWord(t, objectType), name: name ?? shownId(objectId) })}
      subtitle={<span className="cs-mono">{objectId}</span>}
      actions={
        <>
          {mayExport ? (
            <Button
              component="a"
              href={exportLink({ kind: 'object', objectType, objectId })}
              variant="default"
              leftSection={<IconPackageExport size={16} aria-hidden />}
            >
              {t('trail.export')}
            </Button>
          ) : null}
          <Button
            variant="default"
            leftSection={<IconArrowLeft size={16} aria-hidden />}
            onClick={() => globalThis.history.back()}
          >
            {t('common:back')}
          </Button>
        </>
      }
    >
      <LoadView load={load} right="trail.read">
        {(entries) =>
          entries.length === 0 ? (
            <EmptyState title={t('trail.empty')}>{t('trail.emptyWhy')}</EmptyState>
          ) : (
            <Panel title={t('trail.heading')}>
              <ol className={own.timeline} aria-label={t('trail.heading')}>
                {entries.map((entry) => (
                  <Event key={formatEntryRef(entry)} entry={entry} />
                ))}
              </ol>
              {load.failure === undefined ? null : <FailureNotice failure={load.failure} onRetry={load.loadMore} />}
              {load.hasMore ? (
                <Button variant="subtle" loading={load.loading} onClick={load.loadMore}>
                  {t('common:loadMore')}
                </Button>
              ) : null}
            </Panel>
          )
        }
      </LoadView>
    </Screen>
  )
}
