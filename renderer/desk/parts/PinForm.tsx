import { Button, Group, Stack } from '@mantine/core'
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../shared/contract/result.ts'
import { PIN_PATTERN } from '../../../shared/contract/sealed.ts'
import type { ReaderView } from '../../../shared/contract/views.ts'
import { failureOf } from '../../ui/failure.ts'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { Notice } from '../../ui/Tone.tsx'
import { isPinBlocked, triesAfter } from '../stores/reader-facts.ts'
import { PinField, takePin } from './PinField.tsx'
import { TriesLeft } from './TriesLeft.tsx'

/**
 * Asks for a card's PIN: tries left are shown before it is typed, and again after a wrong one. `onPin` gets the digits
 * once and throws to say why it failed; the field is empty by then. Blocked cards get the way out instead of a field.
 */
export function PinForm(props: {
  reader: ReaderView | null
  action: string
  onPin: (pin: string) => Promise<void>
  onCancel?: () => void
  children?: ReactNode
  label?: string
}) {
  const { t } = useTranslation('desk')
  const field = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const [malformed, setMalformed] = useState(false)
  const ready = !busy
  useEffect(() => {
    if (ready) field.current?.focus()
  }, [ready])
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const pin = takePin(field)
    setMalformed(!PIN_PATTERN.test(pin))
    if (!PIN_PATTERN.test(pin)) return field.current?.focus()
    setBusy(true)
    setFailure(undefined)
    try {
      await props.onPin(pin)
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
    }
  }
  const blocked = props.reader !== null && isPinBlocked(props.reader)
  const left =
    failure?.code === 'CARD_PIN_WRONG' ? triesAfter(failure.detail, props.reader) : props.reader?.card?.pinTries
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        {props.children}
        {blocked ? (
          <Notice tone="bad" title={t('pin.blocked')} live>
            <p>{t('pin.blockedTodo')}</p>
          </Notice>
        ) : (
          <>
            <TriesLeft left={left ?? null} most={props.reader?.card?.pinTriesMax ?? null} />
            <PinField
              label={props.label ?? t('pin.label')}
              field={field}
              error={malformed ? t('pin.malformed') : undefined}
              disabled={busy}
              autoFocus
              onDigits={() => setMalformed(false)}
            />
          </>
        )}
        {failure === undefined || (blocked && failure.code === 'CARD_PIN_BLOCKED') ? null : (
          <FailureNotice failure={failure} />
        )}
        <Group justify="flex-end" gap="xs">
          {props.onCancel === undefined ? null : (
            <Button variant="default" onClick={props.onCancel} disabled={busy}>
              {t('common:cancel')}
            </Button>
          )}
          {blocked ? null : (
            <Button type="submit" loading={busy}>
              {props.action}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  )
}
