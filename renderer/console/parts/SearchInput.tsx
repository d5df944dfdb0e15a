import { TextInput, type TextInputProps } from '@mantine/core'
import { useEffect, useState } from 'react'

const SETTLE_MS = 350

/** A field that tells its value once a person stopped typing, or pressed Enter; null when it is empty. */
export function SearchInput(
  props: Omit<TextInputProps, 'value' | 'onChange'> & {
    value: string | null
    onSettled: (value: string | null) => void
  },
) {
  const { value, onSettled, ...rest } = props
  const [draft, setDraft] = useState(value ?? '')
  const [seen, setSeen] = useState(value)
  if (seen !== value) {
    setSeen(value)
    if ((value ?? '') !== draft.trim()) setDraft(value ?? '')
  }
  const typed = draft.trim() === '' ? null : draft.trim()
  useEffect(() => {
    if (typed === value) return undefined
    const timer = setTimeout(() => onSettled(typed), SETTLE_MS)
    return () => clearTimeout(timer)
  }, [typed, value, onSettled])
  return (
    <TextInput
      {...rest}
      maxLength={200}
      value={draft}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && typed !== value) onSettled(typed)
      }}
    />
  )
}
