import { useCallback, useEffect, useRef, useState } from 'react'
import type { z } from 'zod'
import { desk } from '../desk.ts'

/** A form's text, kept by the desk while it is not sent. */
export interface Draft<T> {
  value: T
  /** False until what was kept has been read: show nothing that could be typed over. */
  loaded: boolean
  set: (change: (old: T) => T) => void
  /** Forgets it, once it was sent. */
  clear: () => void
}

const SAVE_AFTER_MS = 400

/** What was kept under `name`, read again in `shape` (anything unreadable is `empty`). Never for secrets. */
export function useDraft<T extends z.core.util.JSONType>(name: string, shape: z.ZodType<T>, empty: T): Draft<T> {
  const [kept, setKept] = useState<{ name: string; value: T } | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => {
    let current = true
    const take = (value: unknown) => {
      const parsed = shape.safeParse(value)
      if (current) setKept({ name, value: parsed.success ? parsed.data : empty })
    }
    desk.call('drafts.get', { name }).then(
      ({ value }) => take(value),
      () => take(null),
    )
    return () => {
      current = false
    }
  }, [name, shape, empty])
  const loaded = kept?.name === name
  const save = useCallback(
    (value: T | null) => {
      clearTimeout(timer.current)
      timer.current = setTimeout(
        () => {
          // A draft that cannot be kept costs typing after a crash, nothing else: the form goes on.
          desk.call('drafts.put', { name, value }).catch(() => undefined)
        },
        value === null ? 0 : SAVE_AFTER_MS,
      )
    },
    [name],
  )
  const set = useCallback(
    (change: (old: T) => T) => {
      setKept((old) => {
        const value = change(old?.name === name ? old.value : empty)
        save(value)
        return { name, value }
      })
    },
    [empty, name, save],
  )
  const clear = useCallback(() => {
    setKept({ name, value: empty })
    save(null)
  }, [empty, name, save])
  return { value: loaded ? kept.value : empty, loaded, set, clear }
}
