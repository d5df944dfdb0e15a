import { Button } from '@mantine/core'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ChainKeyView } from '../../../../shared/contract/routes/audit-keys.ts'
import { formatRoute } from '../../../ui/route.ts'
import { Notice } from '../../../ui/Tone.tsx'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { ErrorWords } from '../../parts/ErrorWords.tsx'
import { ReasonDialog } from '../../parts/ReasonDialog.tsx'
import { once } from '../../stores/use-action.ts'
import { usePolled } from '../../stores/use-polled.ts'

const EVERY_MS = 1500

/** An order to hand a chain to its next key: which key it leaves, and the job that does it. */
export interface HandOverOrder {
  readonly row: ChainKeyView
  readonly job: string
}

export const keyName = ({ label, keyId }: ChainKeyView): string => label ?? keyId

/** Asks why; the same attempt, tried again after no answer came, makes one order. */
export function HandOverDialog(props: {
  row: ChainKeyView
  onClose: () => void
  onOrdered: (order: HandOverOrder) => void
}) {
  const { t } = useTranslation('exports')
  const { client } = useConsole()
  const { row, onOrdered } = props
  const { chain, keyId } = row
  const [attempt] = useState(once)
  const job = useRef<string>(undefined)
  const run = async (reason: string) => {
    const answer = await client.call('rollOverChainKey', { body: { chain, keyId, reason } }, attempt)
    if (answer.ok) job.current = answer.value.id
    return answer
  }
  return (
    <ReasonDialog
      title={t('chainKeys.handOverTitle', { chain })}
      action={t('chainKeys.handOverDo')}
      label={t('console:retention.reason')}
      hint={t('chainKeys.reasonHint')}
      run={run}
      onClose={props.onClose}
      onDone={() => job.current !== undefined && onOrdered({ row, job: job.current })}
    >
      <span>{t('chainKeys.handOverMeans', { now: keyName(row), next: row.next })}</span>
    </ReasonDialog>
  )
}

/** What becomes of an order, looked at until the job was done or given up. `now` is the key in force. */
export function HandingOver(props: { order: HandOverOrder; now: ChainKeyView | undefined; onEnded: () => void }) {
  const { t } = useTranslation('exports')
  const { client } = useConsole()
  const { order, now, onEnded } = props
  const { job: id, row } = order
  const [ended, setEnded] = useState(false)
  const load = usePolled(
    useCallback(async () => {
      const job = await valueOf(client.call('readJob', { params: { id } }))
      setEnded(job.state === 'done' || job.state === 'dead')
      return job
    }, [client, id]),
    ended ? null : EVERY_MS,
  )
  useEffect(() => {
    if (ended) onEnded()
  }, [ended, onEnded])
  const { chain } = row
  if (now !== undefined && now.keyId !== row.keyId)
    return <Notice tone="ok" title={t('chainKeys.done', { chain, key: keyName(now) })} live testId="handed-over" />
  const isDead = load.data?.state === 'dead'
  return (
    <Notice
      tone={isDead ? 'bad' : 'info'}
      title={t(isDead ? 'chainKeys.failed' : 'chainKeys.ordered', { chain })}
      live
      testId="handing-over"
      actions={
        <Button component="a" href={formatRoute(['jobs'])} variant="default" size="xs">
          {t('console:overview.toJobs')}
        </Button>
      }
    >
      <p>{t(isDead ? 'chainKeys.failedMeans' : 'chainKeys.orderedMeans', { key: keyName(row) })}</p>
      {load.data === undefined || load.data.lastError === null ? null : (
        <p>
          <ErrorWords code={load.data.lastError} />
        </p>
      )}
    </Notice>
  )
}
