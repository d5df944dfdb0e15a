import { Button } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ChainKeyView } from '../../../../shared/contract/routes/audit-keys.ts'
import { Panel } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import { Instant } from '../../parts/Instant.tsx'
import tables from '../../parts/tables.module.css'
import { useMay } from '../../stores/session-store.ts'
import { usePolled } from '../../stores/use-polled.ts'
import { HandingOver, HandOverDialog, keyName, type HandOverOrder } from './HandOver.tsx'

const EVERY_MS = 5000

/** The key each chain is signed with now, and handing it to the next one while the server runs. */
export function ChainKeys({ onHandedOver }: { onHandedOver: () => void }) {
  const { t } = useTranslation('exports')
  const { client } = useConsole()
  const may = useMay('key.manage')
  const [asking, setAsking] = useState<ChainKeyView | null>(null)
  const [order, setOrder] = useState<HandOverOrder | null>(null)
  const [isUnderWay, setUnderWay] = useState(false)
  const load = usePolled(
    useCallback(() => valueOf(client.call('listChainKeys', {})), [client]),
    EVERY_MS,
  )
  const { reload } = load
  const onEnded = useCallback(() => {
    setUnderWay(false)
    reload()
    onHandedOver()
  }, [reload, onHandedOver])
  return (
    <LoadView load={load} right="key.read">
      {({ items }) => (
        <>
          {order === null ? null : (
            <HandingOver
              key={order.job}
              order={order}
              now={items.find(({ chain }) => chain === order.row.chain)}
              onEnded={onEnded}
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
                          {keyName(row)}
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
                            disabled={isUnderWay && order?.row.chain === row.chain}
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
            <HandOverDialog
              row={asking}
              onClose={() => setAsking(null)}
              onOrdered={(next) => {
                setAsking(null)
                setOrder(next)
                setUnderWay(true)
              }}
            />
          )}
        </>
      )}
    </LoadView>
  )
}
