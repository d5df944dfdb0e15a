import { Button } from '@mantine/core'
import { useCallback, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ChainKeyView } from '../../../../shared/contract/routes/audit-keys.ts'
import { formatRoute } from '../../../ui/route.ts'
import { Panel } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { ReasonDialog } from '../../parts/ReasonDialog.tsx'
import tables from '../../parts/tables.module.css'
import { useMay } from '../../stores/session-store.ts'
import { once } from '../../stores/use-action.ts'
import { usePolled } from '../../stores/use-polled.ts'

const EVERY_MS = 5000

const nameOf = ({ label, keyId }: ChainKeyView): string => label ?? keyId

function HandOver(props: { row: ChainKeyView; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation('exports')
  const { client } = useConsole()
  const { row } = props
  const { chain, keyId } = row
  return (
    <ReasonDialog
      title={t('chainKeys.handOverTitle', { chain })}
      action={t('chainKeys.handOverDo')}
      label={t('console:retention.reason')}
      hint={t('chainKeys.reasonHint')}
      run={(reason) => client.call('rollOverChainKey', { body: { chain, keyId, reason } }, once())}
      onClose={props.onClose}
      onDone={props.onDone}
    >
      <span>{t('chainKeys.handOverMeans', { now: nameOf(row), next: row.next })}</span>
    </ReasonDialog>
  )
}

/** What became of an order: under way until another key is in force. */
function Ordered(props: { order: ChainKeyView; now: ChainKeyView | undefined; onHandedOver: () => void }) {
  const { t } = useTranslation('exports')
  const { order, now, onHandedOver } = props
  const isDone = now !== undefined && now.keyId !== order.keyId
  useEffect(() => {
    if (isDone) onHandedOver()
  }, [isDone, onHandedOver])
  if (isDone)
    return (
      <Notice tone="ok" title={t('chainKeys.done', { chain: now.chain, key: nameOf(now) })} live testId="handed-over" />
    )
  return (
    <Notice
      tone="info"
      title={t('chainKeys.ordered', { chain: order.chain })}
      live
      testId="handing-over"
      actions={
        <Button component="a" href={formatRoute(['jobs'])} variant="default" size="xs">
          {t('console:overview.toJobs')}
        </Button>
      }
    >
      <p>{t('chainKeys.orderedMeans')}</p>
    </Notice>
  )
}

/** The key each chain is signed with now, and handing it to the next one while the server runs. */
export function ChainKeys({ onHandedOver }: { onHandedOver: () => void }) {
  const { t } = useTranslation('exports')
  const { client } = useConsole()
  const may = useMay('key.manage')
  const [asking, setAsking] = useState<ChainKeyView | null>(null)
  const [ordered, setOrdered] = useState<ChainKeyView | null>(null)
  const load = usePolled(
    useCallback(() => valueOf(client.call('listChainKeys', {})), [client]),
    EVERY_MS,
  )
  return (
    <LoadView load={load} right="key.read">
      {({ items }) => (
        <>
          {ordered === null ? null : (
            <Ordered
              order={ordered}
              now={items.find(({ chain }) => chain === ordered.chain)}
              onHandedOver={onHandedOver}
            />
          )}
          <Panel title={t('chainKeys.title')} flush testId="chain-keys">
            {items.length === 0 ? (
              <EmptyState title={t('chainKeys.none')}>{t('chainKeys.noneWhy')}</EmptyState>
            ) : (
              <table className={tables.table}>
                <thead>
                  <tr>
                    <th scope="col">{t('chainKeys.chain')}</th>
                    <th scope="col">{t('chainKeys.inForce')}</th>
                    <th scope="col">{t('keys.algorithm')}</th>
                    <th scope="col">{t('chainKeys.since')}</th>
                    <th scope="col">{t('chainKeys.next')}</th>
                    <th scope="col">
                      <span className="cs-hidden">{t('chainKeys.handOver')}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((row) => (
                    <tr key={row.chain} data-testid="chain-key">
                      <th scope="row" className={tables.whole}>
                        {row.chain}
                      </th>
                      <td className={tables.whole}>
                        <span className="cs-mono" title={row.keyId}>
                          {nameOf(row)}
                        </span>
                      </td>
                      <td className={tables.whole}>{row.algorithm}</td>
                      <td>
                        <Instant at={row.since} />
                      </td>
                      <td className={tables.whole}>
                        <span className={`cs-mono ${css.quiet}`}>{row.next}</span>
                      </td>
                      <td>
                        {may ? (
                          <Button
                            size="compact-sm"
                            variant="default"
                            // The order that is under way leaves this very key: another could only be refused.
                            disabled={ordered?.keyId === row.keyId}
                            onClick={() => setAsking(row)}
                          >
                            {t('chainKeys.handOver')}
                          </Button>
                        ) : null}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </Panel>
          {asking === null ? null : (
            <HandOver
              row={asking}
              onClose={() => setAsking(null)}
              onDone={() => {
                setOrdered(asking)
                setAsking(null)
                load.reload()
              }}
            />
          )}
        </>
      )}
    </LoadView>
  )
}
