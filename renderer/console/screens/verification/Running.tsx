import { Button, Group, Progress } from '@mantine/core'
import { useCallback, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure, VerificationView } from '../../../../shared/contract/index.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { formatNumber } from '../../../ui/format.ts'
import { Panel } from '../../../ui/Screen.tsx'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { formatDuration } from '../../format/time.ts'
import css from '../../parts/console.module.css'
import { usePolled } from '../../stores/use-polled.ts'

const EVERY_MS = 500

/** Time left at the speed so far; null until there is a speed. */
const timeLeft = (verification: VerificationView, now: number): number | null => {
  const { checked, total, startedAt } = verification
  return checked === 0 ? null : ((now - startedAt) / checked) * (total - checked)
}

/** A verification under way, with a way to stop it. */
export function Running(props: { verification: VerificationView; onEnded: (verification: VerificationView) => void }) {
  const { t, i18n } = useTranslation('console')
  const { client, clock } = useConsole()
  const { onEnded } = props
  const { id } = props.verification
  const load = usePolled(
    useCallback(() => valueOf(client.call('readVerification', { params: { id } })), [client, id]),
    EVERY_MS,
  )
  const [refused, setRefused] = useState<Failure | null>(null)
  const now = load.data ?? props.verification
  useEffect(() => {
    if (load.data !== undefined && load.data.state !== 'running') onEnded(load.data)
  }, [load.data, onEnded])

  const cancel = async () => {
    const result = await client.call('cancelVerification', { params: { id } })
    if (!result.ok) return setRefused(result.error)
    if (result.value.state === 'running') load.reload()
    else onEnded(result.value)
  }
  const percent = now.total === 0 ? 0 : Math.floor((now.checked / now.total) * 100)
  const left = timeLeft(now, clock.now())
  const failure = refused ?? load.failure
  return (
    <Panel title={t('verification.running')} testId="verification-progress">
      <div className={css.stack}>
        <Progress.Root size="lg">
          <Progress.Section value={percent} aria-label={t('verification.progress')} />
        </Progress.Root>
        <Group justify="space-between">
          <span role="status">
            {t('verification.checked', {
              checked: formatNumber(now.checked, i18n.language),
              total: formatNumber(now.total, i18n.language),
            })}
            {left === null ? '' : ` · ${t('verification.left', { time: formatDuration(left, i18n.language) })}`}
          </span>
          <Button variant="default" onClick={() => void cancel()}>
            {t('verification.cancel')}
          </Button>
        </Group>
        {failure === undefined ? null : <FailureNotice failure={failure} />}
      </div>
    </Panel>
  )
}
