import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { formatRoute } from '../../ui/route.ts'
import { Panel, Screen } from '../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import { Notice } from '../../ui/Tone.tsx'
import { valueOf } from '../client/value-of.ts'
import { useConsole } from '../console-context.ts'
import { ActionBadge } from '../parts/ActionBadge.tsx'
import css from '../parts/console.module.css'
import { ChainPanel, ChecksList, KeyStoreNotice, LoadPanel, ServerPanel } from '../parts/HealthPanels.tsx'
import { Instant } from '../parts/Instant.tsx'
import { ObjectName } from '../parts/ObjectName.tsx'
import { StaleNotice } from '../parts/StaleNotice.tsx'
import { VerdictNotice } from '../parts/VerdictNotice.tsx'
import { formatEntryRef } from '../route/audit-filters.ts'
import { useHealth } from '../stores/health-store.ts'
import { useMay } from '../stores/session-store.ts'
import { usePolled } from '../stores/use-polled.ts'

const NEWEST = 7
const EVERY_MS = 10_000

function NewestEntries() {
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
        <a className={css.link} href="#/audit">
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
            <table className={css.table}>
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
                  <tr key={entry.sequence}>
                    <td>
                      <a className={css.link} href={formatRoute(['audit'], { entry: formatEntryRef(entry) })}>
                        <Instant at={entry.time} />
                      </a>
                    </td>
                    <td className={css.whole}>
                      <ActionBadge action={entry.action} />
                    </td>
                    <td className={css.whole}>{entry.operatorName ?? t('audit.nobody')}</td>
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

function LastVerification() {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const load = usePolled(
    useCallback(() => valueOf(client.call('listVerifications', { query: { limit: 1 } })), [client]),
    EVERY_MS,
  )
  return (
    <Panel
      title={t('overview.lastVerification')}
      actions={
        <a className={css.link} href="#/verification">
          {t('overview.verify')}
        </a>
      }
    >
      <LoadView load={load} right="audit.verify">
        {({ items: [last] }) =>
          last === undefined ? (
            <Notice tone="idle" title={t('verification.none')}>
              <p>{t('verification.noneWhy')}</p>
            </Notice>
          ) : (
            <VerdictNotice verification={last} short />
          )
        }
      </LoadView>
    </Panel>
  )
}

/** How the server is, what was proved last, what happened last. */
export function Overview() {
  const { t } = useTranslation('console')
  const load = useHealth()
  const mayAudit = useMay('audit.read')
  const mayVerify = useMay('audit.verify')
  return (
    <Screen title={t('screen.overview')} subtitle={t('overview.subtitle')}>
      <LoadView load={load} right="health.read">
        {(health) => (
          <div className={css.stack}>
            <StaleNotice load={load} asOf={health.time} />
            <KeyStoreNotice health={health} />
            <div className={css.three}>
              <ServerPanel health={health} />
              <ChainPanel health={health} />
              {mayVerify ? <LastVerification /> : null}
            </div>
            <div className={mayAudit ? css.wide : css.stack}>
              {mayAudit ? <NewestEntries /> : null}
              <div className={css.stack}>
                <LoadPanel health={health} />
                <ChecksList health={health} />
              </div>
            </div>
          </div>
        )}
      </LoadView>
    </Screen>
  )
}
