import type { Kysely } from 'kysely'
import type { CleaningPlan } from '../../shared/contract/routes/audit-retention.ts'
import type { Opened } from '../db/open.ts'
import { readCut } from '../db/repositories/audit-cuts.ts'
import { readEntryTime, scanEntries, sumBytes } from '../db/repositories/retention-entries.ts'
import type { ScannedEntry } from '../db/repositories/retention-entries.ts'
import { readHead } from '../db/repositories/audit-chain.ts'
import type { AuditDb, OperationalDb } from '../db/schema.ts'
import { addMonths, classOf, holdOf } from './retention-classes.ts'
import type { Hold, RetentionSettings } from './retention-classes.ts'
import { EvidenceBook } from './retention-evidence.ts'

/** Entries under one block root, which stays: a cut between blocks needs no removed entry to be proved. */
export const CUT_BLOCK = 256
const SCAN = 1000

export interface PlanDeps {
  readonly audit: Opened<AuditDb>
  readonly operational: Kysely<OperationalDb>
  readonly chain: string
  readonly settings: RetentionSettings
  readonly now: number
  /** Entries that checkpoints and their tree cover: no cut goes beyond. Left out: all. */
  readonly sealed?: number
}

/** Why the chain cannot be cut further. */
interface Stop {
  readonly sequence: number
  readonly hold: Hold | null
}

/** The first entry too young for the window, or still held by its class. */
const findStop = async (deps: PlanDeps, from: number, windowFrom: number): Promise<Stop> => {
  const { audit, chain, settings, now } = deps
  const book = new EvidenceBook(deps.operational)
  for (let next = from; ;) {
    const batch = await scanEntries(audit.db, chain, next, SCAN)
    const old = batch.filter((entry) => entry.at < windowFrom)
    const objects = old.filter((entry) => classOf(entry) === 'registration-evidence')
    await book.load(objects.map((entry) => ({ type: entry.objectType, id: entry.objectId })))
    for (const entry of batch) {
      if (entry.at >= windowFrom) return { sequence: entry.sequence, hold: null }
      const hold = holdOf(entry, book.of({ type: entry.objectType, id: entry.objectId }), settings.classes)
      if (hold.until > now) return { sequence: entry.sequence, hold }
    }
    const last = batch.at(-1)
    if (!last) return { sequence: next, hold: null }
    next = last.sequence + 1
    // Between batches others get their turn: on SQLite reading is done in this thread.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export type { ScannedEntry }

const blocks = (sequence: number): number => Math.floor(sequence / CUT_BLOCK) * CUT_BLOCK

/** What cleaning a chain would delete now, and what holds back the rest. Changes nothing. */
export const planCleaning = async (deps: PlanDeps): Promise<CleaningPlan> => {
  const { audit, chain, settings, now } = deps
  const first = (await readCut(audit.db, chain))?.size ?? 0
  const nothing = { chain, error: null, cut: first, entries: 0, bytes: 0, until: null, heldBy: null }
  if (settings.windowMonths === null) return { ...nothing, verdict: 'window-unset', windowFrom: null }
  const windowFrom = addMonths(now, -settings.windowMonths)
  const stop = await findStop(deps, first, windowFrom)
  const head = await readHead(audit.db, chain)
  const heldBy = stop.hold && { class: stop.hold.class, sequence: stop.sequence, until: stop.hold.until }
  // The last entry always stays: what is signed next is signed over it.
  const end = Math.min(stop.sequence, head?.sequence ?? 0, deps.sealed ?? Number.MAX_SAFE_INTEGER)
  const cut = blocks(end)
  if (cut <= first) {
    return { ...nothing, heldBy, verdict: heldBy ? 'held-by-class' : 'nothing-old-enough', windowFrom }
  }
  return {
    chain,
    verdict: 'ready',
    error: null,
    cut,
    entries: cut - first,
    bytes: await sumBytes(audit.db, chain, first, cut),
    windowFrom,
    until: await readEntryTime(audit.db, chain, cut - 1),
    heldBy,
  }
}
