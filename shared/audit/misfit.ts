import { sameBytes } from './bytes.ts'
import type { Entry } from './entry.ts'
import type { EntrySource, StoredEntry } from './stored.ts'
import type { Fault } from './verdict.ts'
import { fits, isSignedBy, tryParse } from './walk.ts'
import type { WalkContext, WalkState } from './walk.ts'

const fault = (kind: Fault['kind'], sequence: number, what: string): Fault => ({ kind, sequence, what })

/** The row that does not fit, with what follows it. */
export interface Misfit {
  readonly row: StoredEntry
  readonly entry: Entry | null
  readonly next: StoredEntry | null
  readonly state: WalkState
  readonly context: WalkContext
  readonly entries: EntrySource
}

const isSealed = (row: StoredEntry, entry: Entry, { keys, verify }: WalkContext): boolean =>
  isSignedBy(row, keys.get(entry.key), verify)

/** Whether the chain goes on without the row: then the row is what does not belong. */
export const goesOnWithout = ({ next, state, context }: Misfit): boolean => {
  const entry = next ? tryParse(next) : null
  return next !== null && entry !== null && fits(entry, state, context.chain) && isSealed(next, entry, context)
}

/** A row with no valid signature. */
const unsigned = (misfit: Misfit): Fault => {
  const { row, entry, state } = misfit
  if (goesOnWithout(misfit)) return fault('inserted', row.sequence, 'signature')
  if (row.sequence < state.expected) return fault('inserted', row.sequence, 'signature')
  if (row.sequence > state.expected) return fault('deleted', state.expected, 'entry')
  return fault('altered', state.expected, entry ? 'signature' : 'bytes')
}

/** Looks through the chain, one parse a row: copies of this row, and the entry that is missing here. */
const lookAround = async ({ row, state, context, entries }: Misfit) => {
  let copies = 0
  let hasMissing = false
  for await (const batch of entries(0)) {
    for (const other of batch) {
      if (sameBytes(other.bytes, row.bytes)) copies += 1
      else hasMissing ||= fits(tryParse(other), state, context.chain)
    }
  }
  return { copies, hasMissing }
}

/** A validly signed entry from further on stands here. */
const early = async (misfit: Misfit): Promise<Fault> => {
  const { row, state } = misfit
  const { copies, hasMissing } = await lookAround(misfit)
  if (copies > 1) return fault('inserted', row.sequence, 'duplicate')
  return hasMissing ? fault('reordered', state.expected, 'entry') : fault('deleted', state.expected, 'entry')
}

/** A validly signed entry whose place was taken already. */
const late = async ({ row, entries }: Misfit, entry: Entry): Promise<Fault> => {
  for await (const batch of entries(entry.sequence)) {
    const taken = batch[0]
    if (!taken) continue
    if (sameBytes(taken.bytes, row.bytes)) return fault('inserted', row.sequence, 'duplicate')
    break
  }
  return fault('forked', entry.sequence, 'entry')
}

/** Tells what happened where a row does not continue the chain. Reads the source again; only on a fault. */
export const classify = async (misfit: Misfit): Promise<Fault> => {
  const { row, entry, state, context } = misfit
  if (!entry) return unsigned(misfit)
  if (row.signature.length === 0) return fault('unsealed', row.sequence, 'signature')
  if (entry.chain !== context.chain) {
    const alone = isSealed(row, entry, context) || goesOnWithout(misfit)
    return alone ? fault('inserted', row.sequence, 'chain') : unsigned(misfit)
  }
  if (!isSealed(row, entry, context)) return unsigned(misfit)
  if (entry.sequence > state.expected) return early(misfit)
  if (entry.sequence < state.expected) return late(misfit, entry)
  return fault('forked', state.expected, 'previous')
}
