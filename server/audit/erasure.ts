import type { Kysely } from 'kysely'
import type { ErasurePlan } from '../../shared/contract/routes/audit-retention.ts'
import { AppError } from '../../shared/contract/errors.ts'
import { PAYLOAD_OBJECT } from '../../shared/audit/erasure.ts'
import type { Opened } from '../db/open.ts'
import { findKnownIntents, readTimesOf } from '../db/repositories/audit-entries.ts'
import { erasePayloads, listEntriesAbout, listUnerased, scanEntries } from '../db/repositories/retention-entries.ts'
import type { ObjectEntry, ScannedEntry } from '../db/repositories/retention-entries.ts'
import { forgetAnswersAbout, listObjectsOf } from '../db/repositories/retention.ts'
import type { NamedObject } from '../db/repositories/retention.ts'
import { scrubPostgres, scrubSqlite } from '../db/repositories/retention-words.ts'
import type { AuditDb, OperationalDb } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import type { OwnChanges } from '../jobs/own-changes.ts'
import { addMonths, classOf, holdOf } from './retention-classes.ts'
import type { Hold, RetentionSettings } from './retention-classes.ts'
import { EvidenceBook } from './retention-evidence.ts'

/** Where erasing can be made to fail or die in tests: before and after each of its writes. */
export const ERASURE_FAULTS = [
  'before-tombstones',
  'after-tombstones',
  'inside-erasure',
  'after-erasure',
  'after-scrub',
] as const
export type ErasureFault = (typeof ERASURE_FAULTS)[number]

export interface ErasureDeps {
  readonly audit: Opened<AuditDb>
  /** The connection that may change payloads; null on PostgreSQL where none is configured. */
  readonly maintenance: Opened<AuditDb> | null
  readonly operational: Opened<OperationalDb>
  readonly chain: string
  readonly own: OwnChanges
  readonly settings: () => Promise<RetentionSettings>
  readonly faults?: (point: ErasureFault) => Promise<void>
}

/** An erasure as it was approved. `id` names it for ever: its tombstones are written once. */
export interface ErasureOrder {
  readonly id: string
  /** Who asked for it. */
  readonly by: string
  /** Who approved it, where somebody had to. */
  readonly decidedBy?: string
  readonly rule: string
  readonly signal?: AbortSignal
}

export interface Erased {
  readonly entries: number
  readonly bytes: number
}

interface Range {
  readonly from: number
  readonly to: number
}

const RANGES_AT_ONCE = 50
const RANGE_MAX = 500
const SCAN = 1000

/** Neighbouring sequences as ranges, none longer than a transaction should be. */
export const rangesOf = (sequences: readonly number[]): readonly Range[] => {
  const ranges: { from: number; to: number }[] = []
  for (const sequence of [...sequences].sort((left, right) => left - right)) {
    const last = ranges.at(-1)
    if (last && last.to === sequence - 1 && sequence - last.from < RANGE_MAX) last.to = sequence
    else if (last?.to !== sequence) ranges.push({ from: sequence, to: sequence })
  }
  return ranges
}

export const rangeName = ({ from, to }: Range): string => (from === to ? String(from) : `${from}-${to}`)

/** What the chain says of itself carries its proof; without it nothing would verify. */
const isErasable = ({ objectType }: Pick<ScannedEntry, 'objectType'>): boolean => !objectType.startsWith('audit-')

/** The object, and for a person everything that was made for them. */
const wholeHistory = (db: Kysely<OperationalDb>, object: NamedObject): Promise<readonly NamedObject[]> =>
  object.type === 'holder' ? listObjectsOf(db, object.id) : Promise.resolve([object])

interface History {
  readonly objects: readonly NamedObject[]
  readonly entries: readonly ObjectEntry[]
}

const historyOf = async (
  deps: Pick<ErasureDeps, 'audit' | 'operational'> & { readonly tenant: string },
  object: NamedObject,
): Promise<History> => {
  if (!isErasable({ objectType: object.type }))
    throw new AppError('REQUEST_INVALID', { path: 'objectType', reason: 'chain' })
  const objects = await wholeHistory(deps.operational.db, object)
  const entries: ObjectEntry[] = []
  for (const one of objects) entries.push(...(await listEntriesAbout(deps.audit.db, one, deps.tenant)))
  return { objects, entries }
}

const findHolds = async (
  deps: Pick<ErasureDeps, 'operational' | 'settings'>,
  entries: readonly ScannedEntry[],
  now: number,
): Promise<readonly Hold[]> => {
  const { classes } = await deps.settings()
  const book = new EvidenceBook(deps.operational.db)
  const named = (entry: ScannedEntry): NamedObject => ({ type: entry.objectType, id: entry.objectId })
  await book.load(entries.filter((entry) => classOf(entry) === 'registration-evidence').map(named))
  return entries.map((entry) => holdOf(entry, book.of(named(entry)), classes)).filter((hold) => hold.until > now)
}

/** What erasing an object's history would erase, in all chains, and what holds it. Changes nothing. */
export const planErasure = async (
  deps: Pick<ErasureDeps, 'audit' | 'operational' | 'settings'> & { readonly tenant: string },
  object: NamedObject,
  now: number,
): Promise<ErasurePlan & { readonly chains: readonly string[] }> => {
  const { entries } = await historyOf(deps, object)
  const left = entries.filter((entry) => entry.bytes !== null)
  const holds = await findHolds(deps, left, now)
  const longest = holds.reduce<Hold | null>((most, hold) => (most && most.until >= hold.until ? most : hold), null)
  return {
    objectType: object.type,
    objectId: object.id,
    entries: left.length,
    bytes: left.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0),
    erasedBefore: entries.length - left.length,
    heldBy: longest && { class: longest.class, entries: holds.length, until: longest.until },
    chains: [...new Set(left.map((entry) => entry.chain))],
  }
}

/**
 * Erases payloads of one chain.
 *
 * Order of writes, and what is true if the process dies after each:
 * 1. a tombstone entry for each range, by an id of its own: the payloads are still there, which verifies as well; the
 *    next run finds the tombstones written and goes on
 * 2. payloads and search words, range by range in small transactions: some are erased, each with its tombstone before
 * 3. kept answers that tell of the objects; then the files are scrubbed: what was erased is not readable in them
 */
export class Eraser {
  readonly #deps: ErasureDeps

  constructor(deps: ErasureDeps) {
    this.#deps = deps
  }

  /** Throws AUDIT_MAINTENANCE_MISSING where the server may only add to the audit database. */
  assertAllowed(): void {
    if (this.#deps.maintenance === null) throw new AppError('AUDIT_MAINTENANCE_MISSING')
  }

  /** An object's history in this chain. Throws AUDIT_RETENTION_HELD when a class holds any of it by now. */
  async eraseObject(object: NamedObject, order: ErasureOrder): Promise<Erased> {
    this.assertAllowed()
    const { own, chain } = this.#deps
    const { objects, entries } = await historyOf({ ...this.#deps, tenant: own.tenant }, object)
    const here = entries.filter((entry) => entry.chain === chain)
    const left = here.filter((entry) => entry.bytes !== null)
    const [hold] = await findHolds(this.#deps, left, own.now())
    if (hold) throw new AppError('AUDIT_RETENTION_HELD', { class: hold.class, until: hold.until })
    // A range names what is erased: those of a run that was interrupted are the same.
    await this.#erase(
      left.map((entry) => entry.sequence),
      order,
    )
    const ids = objects.map((one) => one.id)
    await inTransaction(this.#deps.operational.db, (trx) => forgetAnswersAbout(trx, ids))
    await this.#scrub()
    return { entries: left.length, bytes: left.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0) }
  }

  /** Every payload in this chain whose class holds it no longer. `from`: the first entry that is there. */
  async eraseEnded(order: ErasureOrder, from: number): Promise<Erased> {
    this.assertAllowed()
    const { audit, chain, own } = this.#deps
    const { classes } = await this.#deps.settings()
    const shortest = Math.min(...Object.values(classes))
    const youngest = addMonths(own.now(), -shortest)
    let entries = 0
    for (let next = from; ;) {
      order.signal?.throwIfAborted()
      const batch = await scanEntries(audit.db, chain, next, SCAN)
      const [first, last] = [batch[0], batch.at(-1)]
      if (!first || !last) break
      const ended = await this.#findEnded(batch.filter((entry) => entry.at < youngest))
      const unerased = await listUnerased(audit.db, chain, first.sequence, last.sequence)
      const left = ended.filter((sequence) => unerased.has(sequence))
      await this.#erase(left, order)
      entries += left.length
      next = last.sequence + 1
      if (last.at >= youngest && ended.length === 0) break
    }
    if (entries > 0) await this.#scrub()
    return { entries, bytes: 0 }
  }

  async #findEnded(old: readonly ScannedEntry[]): Promise<readonly number[]> {
    const { own, operational } = this.#deps
    const { classes } = await this.#deps.settings()
    const book = new EvidenceBook(operational.db)
    const named = (entry: ScannedEntry): NamedObject => ({ type: entry.objectType, id: entry.objectId })
    await book.load(old.filter((entry) => classOf(entry) === 'registration-evidence').map(named))
    return old
      .filter((entry) => isErasable(entry) && holdOf(entry, book.of(named(entry)), classes).until <= own.now())
      .map((entry) => entry.sequence)
  }

  async #erase(sequences: readonly number[], order: ErasureOrder): Promise<void> {
    const ranges = rangesOf(sequences)
    for (let from = 0; from < ranges.length; from += RANGES_AT_ONCE) {
      order.signal?.throwIfAborted()
      const some = ranges.slice(from, from + RANGES_AT_ONCE)
      await this.#fault('before-tombstones')
      const times = await this.#bury(some, order)
      await this.#fault('after-tombstones')
      for (const range of some) await this.#eraseRange(range, order, times)
      await this.#fault('after-erasure')
    }
  }

  /** The times of the tombstones, by the names of their ranges: the marks must say the same. */
  async #bury(ranges: readonly Range[], order: ErasureOrder): Promise<ReadonlyMap<string, number>> {
    const { chain, audit } = this.#deps
    const intentOf = (range: Range): string => `${order.id}:${chain}:${rangeName(range)}`
    const written = await findKnownIntents(audit.db, ranges.map(intentOf))
    const missing = ranges.filter((range) => !written.has(intentOf(range)))
    if (missing.length > 0) await this.#tell(missing, order, intentOf)
    const times = await readTimesOf(audit.db, chain, ranges.map(intentOf))
    return new Map(
      ranges.flatMap((range) => {
        const at = times.get(intentOf(range))
        return at === undefined ? [] : [[rangeName(range), at] as const]
      }),
    )
  }

  async #tell(missing: readonly Range[], order: ErasureOrder, intentOf: (range: Range) => string): Promise<void> {
    await this.#deps.own.runOnce(
      order.id,
      missing.map((range) => ({
        intent: intentOf(range),
        action: 'Deletion',
        object: { type: PAYLOAD_OBJECT, id: rangeName(range) },
        after: {
          name: `payload ${rangeName(range)}`,
          erasure: order.id,
          by: order.by,
          ...(order.decidedBy === undefined ? {} : { decidedBy: order.decidedBy }),
          rule: order.rule,
        },
        // Never the words of the person who asked: they may name whom the erasure is for.
        reason: order.rule,
      })),
    )
  }

  async #eraseRange(range: Range, { by, rule }: ErasureOrder, times: ReadonlyMap<string, number>): Promise<void> {
    const { maintenance, chain } = this.#deps
    if (!maintenance) throw new AppError('AUDIT_MAINTENANCE_MISSING')
    const at = times.get(rangeName(range))
    if (at === undefined) throw new AppError('INTERNAL', { reason: 'tombstone-missing' })
    await inTransaction(maintenance.db, async (trx) => {
      await erasePayloads(trx, maintenance.dialect, chain, range, { at, by, rule })
      await this.#fault('inside-erasure')
    })
  }

  /** Throws DATABASE_BUSY while a reader still needs the old pages: the job is tried again. */
  async #scrub(): Promise<void> {
    const { maintenance, operational } = this.#deps
    if (maintenance?.dialect === 'postgres') await scrubPostgres(maintenance.db)
    if (maintenance?.dialect === 'sqlite' && !(await scrubSqlite(maintenance.db, true)))
      throw new AppError('DATABASE_BUSY', { reason: 'log-in-use' })
    if (operational.dialect === 'sqlite' && !(await scrubSqlite(operational.db, false)))
      throw new AppError('DATABASE_BUSY', { reason: 'log-in-use' })
    await this.#fault('after-scrub')
  }

  #fault(point: ErasureFault): Promise<void> {
    return this.#deps.faults?.(point) ?? Promise.resolve()
  }
}
