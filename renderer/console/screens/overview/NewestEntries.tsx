import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { formatRoute } from '../../../ui/route.ts'
import { Panel } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { ActionBadge } from '../../parts/ActionBadge.tsx'
import { Actor } from '../../parts/Actor.tsx'
import css from '../../parts/console.module.css'
import tables from '../../parts/tables.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { ObjectName } from '../../parts/ObjectName.tsx'
import { formatEntryRef } from '../../route/audit-filters.ts'
import { usePolled } from '../../stores/use-polled.ts'

const NEWEST = 8
const EVERY_MS = 10_000

export function NewestEntries() {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const load = usePolled(
    useCallback(() => valueOf(client.call('listAudit', { query: { limit: NEWEST } })), [client]),
    EVERY_MS,
  )
  return (
    <Panel
      title={t('overview.newest')}
      actions={
        <a className={css.link} href={formatRoute(['audit'], { follow: 'on' })}>
          {t('overview.toAudit')}
        </a>
      }
      flush
    >
      <LoadView load={load} right="audit.read">
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title={t('audit.empty')}>{t('audit.emptyWhy')}</EmptyState>
          ) : (
            <table className={tables.table}>
              <thead>
                <tr>
                  <th scope="col">{t('audit.column.time')}</th>
                  <th scope="col">{t('audit.column.action')}</th>
                  <th scope="col">{t('audit.column.operator')}</th>
                  <th scope="col">{t('audit.column.object')}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((entry) => (
                  <tr key={formatEntryRef(entry)}>
                    <td>
                      <a className={css.link} href={formatRoute(['audit'], { entry: formatEntryRef(entry) })}>
                        <Instant at={entry.time} />
                      </a>
                    </td>
                    <td className={tables.whole}>
                      <ActionBadge action={entry.action} />
                    </td>
                    <td className={tables.whole}>
                      <Actor entry={entry} />
                    </td>
                    <td>
                      <ObjectName entry={entry} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </LoadView>
    </Panel>
  )
}
