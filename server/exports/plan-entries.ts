import { AppError } from '../../shared/contract/errors.ts'
import type { Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'
import { extentOf, selectEntries, spanOf, takesAll } from './select-entries.ts'
import { readStretchEdges } from './stretch-edges.ts'
import type { PlannedChain, PlanTask, SealedChain } from './write-task.ts'

type Chosen = Omit<PlannedChain, 'edges'>
export type PlanOrder = Pick<PlanTask, 'head' | 'filter' | 'chains'>

/** Numbers that threads share instead of copying them. */
const shared = (numbers: Float64Array): Float64Array => {
  const kept = new Float64Array(new SharedArrayBuffer(numbers.byteLength))
  kept.set(numbers)
  return kept
}

const chooseOf = async (
  sealed: SealedChain,
  { filter, head }: PlanOrder,
  reader: Opened<AuditDb>,
  signal: AbortSignal,
): Promise<Chosen | null> => {
  const { chain, size } = sealed
  const { selected } = filter
  const { completeness } = head
  const extent = await extentOf(reader.db, chain, size)
  if (!extent) {
    // Nothing of it is left: no export may say that all of it is here.
    if (completeness !== 'inclusion') throw new AppError('EXPORT_CHAIN_UNSEALED', { chain, reason: 'empty' })
    return null
  }
  if (completeness === 'whole') return { ...sealed, ids: null, range: extent }
  const ofChain = selected && (selected.chains?.includes(chain) ?? true) ? { ...selected, chains: [chain] } : null
  const isAll = ofChain !== null && takesAll(ofChain)
  const found = ofChain === null ? new Float64Array(0) : null
  const ids = isAll ? null : shared(found ?? (await selectEntries(reader.db, ofChain ?? {}, reader.dialect, signal)))
  if (completeness === 'inclusion')
    return ids === null || ids.length > 0 ? { ...sealed, ids, range: ids === null ? extent : null } : null
  // Whoever asked for other chains was not told of this one.
  if (ofChain === null) return null
  const range = await spanOf(reader, chain, size, selected ?? {}, signal)
  return range && { ...sealed, ids, range }
}

/**
 * Which entries of which chain. Throws EXPORT_CHAIN_UNSEALED (`empty`), AUDIT_PROOF_UNAVAILABLE, and what the signal was
 * aborted with.
 */
export const planEntries = async (
  task: PlanOrder,
  reader: Opened<AuditDb>,
  signal: AbortSignal,
): Promise<readonly PlannedChain[]> => {
  const planned: PlannedChain[] = []
  for (const sealed of task.chains) {
    signal.throwIfAborted()
    const chosen = await chooseOf(sealed, task, reader, signal)
    if (!chosen) continue
    const { chain, size, range } = chosen
    const isStretch = range !== null && task.head.completeness !== 'inclusion'
    planned.push({ ...chosen, edges: isStretch ? await readStretchEdges(reader.db, chain, size, range) : null })
  }
  return planned
}
