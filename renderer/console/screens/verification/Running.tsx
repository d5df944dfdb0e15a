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

/** Entries per second so far, and the time left at that speed; null until there is a speed. */
const paceOf = (verification: VerificationView, now: number): { perSecond: number; leftMs: number } | null => {
  const { checked, total, startedAt } = verification
  const passed = now - startedAt
  if (checked === 0 || passed <= 0) return null
  return { perSecond: Math.round((checked / passed) * 1000), leftMs: (passed / checked) * (total - checked) }
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
  const pace = paceOf(now, clock.now())
  const failure = refused ?? load.failure
  return (
    <Panel
      title={t('verification.runningOf', {
        chain: now.chain,
        depth: t(`verification.depth.${now.depth}.name`),
      })}
      testId="verification-progress"
    >
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
            {pace === null
              ? ''
              : ` · ${t('verification.pace', { n: formatNumber(pace.perSecond, i18n.language) })} · ${t('verification.left', { time: formatDuration(pace.leftMs, i18n.language) })}`}
            {now.waiting.length === 0
              ? ''
              : ` · ${t('verification.thenOthers', { n: formatNumber(now.waiting.length, i18n.language) })}`}
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
