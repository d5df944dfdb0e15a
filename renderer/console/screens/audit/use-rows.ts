import { useMemo, useState } from 'react'
import type { AuditEntryRow } from '../../../../shared/contract/index.ts'
import type { EntryRef } from '../../route/audit-filters.ts'

const indexOf = (rows: readonly AuditEntryRow[], of: EntryRef | null): number =>
  of === null ? -1 : rows.findIndex((row) => row.sequence === of.sequence && row.chain === of.chain)

export interface Rows {
  /** Index of the row the keys are on. */
  readonly current: number
  /** Each new turn puts the keyboard on the row at `index`. */
  readonly focus: { readonly turn: number; readonly index: number }
  readonly move: (delta: 1 | -1) => void
  readonly refocus: () => void
}

/**
 * Which row the keys are on, and how to go from one to the next; an open entry goes along. The row is known by what it
 * is, not by its place: what comes above it moves it down.
 */
export const useRows = (
  entries: readonly AuditEntryRow[],
  open: EntryRef | null,
  show: (entry: EntryRef | null) => void,
): Rows => {
  const [at, setAt] = useState<EntryRef | null>(null)
  const [focus, setFocus] = useState({ turn: 0, index: 0 })
  const chain = open?.chain
  const sequence = open?.sequence
  const openAt = useMemo(
    () => (chain === undefined || sequence === undefined ? -1 : indexOf(entries, { chain, sequence })),
    [entries, chain, sequence],
  )
  const keptAt = useMemo(() => indexOf(entries, at), [entries, at])
  const current = Math.max(0, openAt >= 0 ? openAt : keptAt)
  const goTo = (index: number) => setFocus(({ turn }) => ({ turn: turn + 1, index }))
  return {
    current,
    focus,
    move(delta) {
      const first = openAt < 0 && keptAt < 0 && delta === 1
      const next = first ? 0 : Math.max(0, Math.min(entries.length - 1, current + delta))
      const entry = entries[next]
      if (entry === undefined) return
      setAt(entry)
      goTo(next)
      if (open !== null) show(entry)
    },
    refocus: () => goTo(current),
  }
}
