import { Button, Group, Stack, TextInput, Textarea } from '@mantine/core'
import { useState, type FormEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Result } from '../../../shared/contract/index.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { sameName } from '../../ui/same-name.ts'
import { useAction } from '../stores/use-action.ts'

/**
 * A step with words for the audit. `typed` names what has to be typed where the step cannot be undone. It stays open
 * with the failure shown until `run` was done.
 */
export function ReasonDialog(props: {
  title: string
  action: string
  /** What the step does, and what of it cannot be undone. */
  children?: ReactNode
  label: string
  hint?: string
  optional?: boolean
  /** The step takes no words: only what is `typed`. */
  wordless?: boolean
  typed?: string
  run: (reason: string) => Promise<Result<unknown>>
  onClose: () => void
  onDone: () => void
}) {
  const { t } = useTranslation('console')
  const action = useAction()
  const [words, setWords] = useState('')
  const [name, setName] = useState('')
  const reason = words.trim().replaceAll(/\s+/g, ' ')
  const isReady =
    (props.optional === true || props.wordless === true || reason !== '') &&
    (props.typed === undefined || sameName(name, props.typed))
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if ((await action.run(() => props.run(reason))) !== undefined) props.onDone()
  }
  return (
    <Dialog opened onClose={props.onClose} title={props.title} busy={action.busy}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="md">
          {props.children}
          {props.wordless === true ? null : (
            <Textarea
              label={props.label}
              description={props.hint}
              value={words}
              maxLength={500}
              autosize
              minRows={2}
              onChange={(event) => setWords(event.currentTarget.value)}
              data-autofocus
            />
          )}
          {props.typed === undefined ? null : (
            <TextInput
              label={t('common:typeName', { name: props.typed })}
              value={name}
              autoComplete="off"
              onChange={(event) => setName(event.currentTarget.value)}
            />
          )}
          {action.failure === undefined ? null : <FailureNotice failure={action.failure} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={props.onClose} disabled={action.busy}>
              {t('common:cancel')}
            </Button>
            <Button
              type="submit"
              loading={action.busy}
              disabled={!isReady}
              {...(props.typed === undefined ? {} : { color: 'red.9' })}
            >
              {props.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
