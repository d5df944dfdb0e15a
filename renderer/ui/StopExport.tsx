import { Button, Group, Stack } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../shared/contract/result.ts'
import { Dialog } from './Dialog.tsx'
import { failureOf } from './failure.ts'
import { FailureNotice } from './FailureNotice.tsx'
import { PassingButton } from './PassingButton.tsx'

/**
 * Stops an export, once that is confirmed. The question stays, with the failure shown, where `stop` throws, and says so
 * where the export ended while it was asked.
 */
export function StopExport(props: {
  /** What is exported, in words. */
  what: string
  isUnderWay: boolean
  size: 'xs' | 'compact-xs'
  stop: () => Promise<unknown>
  onStopped: () => void
  /** Who has the focus once there is nothing to stop any more. */
  onward: () => HTMLElement | null
}) {
  const { t } = useTranslation('exports')
  const [asking, setAsking] = useState(false)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const wasAsked = useRef(false)
  const { isUnderWay, onward } = props
  // What the question gives the focus back to may be gone by then.
  useEffect(() => {
    if (asking) wasAsked.current = true
    if (asking || isUnderWay || !wasAsked.current) return
    wasAsked.current = false
    const { activeElement, body } = document
    if (activeElement === body || activeElement?.closest('[role=dialog]')) onward()?.focus()
  }, [asking, isUnderWay, onward])
  const close = () => {
    setAsking(false)
    setFailure(undefined)
  }
  const stop = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      await props.stop()
      close()
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
      props.onStopped()
    }
  }
  return (
    <>
      {isUnderWay ? (
        <PassingButton
          size={props.size}
          variant="default"
          aria-label={t('cancelOf', { what: props.what })}
          onward={onward}
          onClick={() => setAsking(true)}
        >
          {t('cancel')}
        </PassingButton>
      ) : null}
      <Dialog opened={asking} onClose={close} title={t('stop.title')} busy={busy}>
        <Stack gap="md">
          <strong>{props.what}</strong>
          <span>{t(isUnderWay || busy ? 'stop.means' : 'stop.ended')}</span>
          {failure === undefined ? null : <FailureNotice failure={failure} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close} disabled={busy} data-autofocus>
              {t(isUnderWay || busy ? 'stop.goOn' : 'common:close')}
            </Button>
            {isUnderWay || busy ? (
              <Button color="red.9" loading={busy} onClick={() => void stop()}>
                {t('cancel')}
              </Button>
            ) : null}
          </Group>
        </Stack>
      </Dialog>
    </>
  )
}
