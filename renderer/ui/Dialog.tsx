import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useId, useState, type FormEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../shared/contract/result.ts'
import { failureOf } from './failure.ts'
import { FailureNotice } from './FailureNotice.tsx'
import { sameName } from './same-name.ts'

/** A dialog with a named close button; the focus goes in when it opens and back when it closes. */
export function Dialog(props: {
  opened: boolean
  onClose: () => void
  title: string
  children: ReactNode
  size?: string | number
  /** Work is under way: it cannot be closed. */
  busy?: boolean
}) {
  const { t } = useTranslation('common')
  const busy = props.busy === true
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={props.title}
      size={props.size ?? 440}
      closeOnClickOutside={false}
      closeOnEscape={!busy}
      withCloseButton={!busy}
      closeButtonProps={{ 'aria-label': t('close') }}
      attributes={{ header: { role: 'none' } }}
    >
      {props.children}
    </Modal>
  )
}

/**
 * A step that cannot be undone: says what is lost and asks for the object's name. `run` throws to keep it open with
 * the failure shown.
 */
export function ConfirmTyped(props: {
  opened: boolean
  onClose: () => void
  title: string
  /** What cannot be undone. */
  children: ReactNode
  name: string
  action: string
  run: () => Promise<void>
  disabled?: boolean
}) {
  const { t } = useTranslation('common')
  const id = useId()
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const close = () => {
    setTyped('')
    setFailure(undefined)
    props.onClose()
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setFailure(undefined)
    try {
      await props.run()
      close()
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog opened={props.opened} onClose={close} title={props.title} busy={busy}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="md">
          {props.children}
          <TextInput
            id={id}
            label={t('typeName', { name: props.name })}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
          {failure === undefined ? null : <FailureNotice failure={failure} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close} disabled={busy}>
              {t('cancel')}
            </Button>
            <Button
              type="submit"
              color="red.9"
              loading={busy}
              disabled={!sameName(typed, props.name) || props.disabled === true}
            >
              {props.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
