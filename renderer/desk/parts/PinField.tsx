import { TextInput } from '@mantine/core'
import type { RefObject } from 'react'

/** What the field holds, once: the digits are handed over and the field is emptied in the same turn. */
export function takePin(field: RefObject<HTMLInputElement | null>): string {
  const input = field.current
  const pin = input?.value ?? ''
  if (input !== null) input.value = ''
  return pin
}

/**
 * Where a PIN is typed. Uncontrolled on purpose: the digits are in the field alone, never in state, store or URL.
 * `onDigits` is told to look (for rules that can be shown as booleans), not what was typed.
 */
export function PinField({
  field,
  ...props
}: {
  label: string
  field: RefObject<HTMLInputElement | null>
  description?: string
  error?: string | undefined
  disabled?: boolean
  autoFocus?: boolean
  onDigits?: () => void
}) {
  return (
    <TextInput
      ref={field}
      label={props.label}
      description={props.description}
      error={props.error}
      disabled={props.disabled === true}
      type="password"
      inputMode="numeric"
      autoComplete="off"
      spellCheck={false}
      maxLength={8}
      autoFocus={props.autoFocus === true}
      data-autofocus={props.autoFocus === true ? true : undefined}
      onInput={(event) => {
        const input = event.currentTarget
        const digits = input.value.replace(/\D/g, '')
        if (digits !== input.value) input.value = digits
        props.onDigits?.()
      }}
      styles={{ input: { letterSpacing: '0.3em', fontSize: 18, height: 40 } }}
    />
  )
}
