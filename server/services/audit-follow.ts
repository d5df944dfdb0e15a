import { z } from 'zod'
import { AppError, type AuditEntryRow, type Followed } from '../../shared/contract/index.ts'
import type { AuditTrail, EntryFilter } from '../audit/index.ts'
import type { Directory } from '../db/repositories/directory.ts'
import { readFreshFrom, readHeads } from '../db/repositories/audit-heads.ts'
import type { AuditDatabase } from '../db/schema.ts'
import { auditRow } from './audit-view.ts'

type Heads = ReadonlyMap<string, number>
const Cursor = z.record(z.string().max(63), z.number().int().min(-1))

const encode = (heads: Heads): string =>
  Buffer.from(JSON.stringify(Object.fromEntries(heads)), 'utf8').toString('base64url')

/** Throws REQUEST_INVALID (`cursor`) for anything that was not given out by us. */
const decode = (cursor: string): Heads => {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', { reason: 'cursor' }, { cause })
  }
  const parsed = Cursor.safeParse(value)
  if (!parsed.success) throw new AppError('REQUEST_INVALID', { reason: 'cursor' }, { cause: parsed.error })
  return new Map(Object.entries(parsed.data))
}

/**
 * Entries that came since the last look. A chain is written by one writer, in order, so that its head tells what is
 * new; row numbers would not: of two nodes that write at once the lower may become visible later.
 */
export class AuditFollowing {
  readonly #db: AuditDatabase
  readonly #trail: AuditTrail
  readonly #directory: Directory

  constructor(db: AuditDatabase, trail: AuditTrail, directory: Directory) {
    this.#db = db
    this.#trail = trail
    this.#directory = directory
  }

  /** What matches `filter` (null: nothing may be seen) after `cursor`; without a cursor only where to go on from. */
  async after(filter: EntryFilter | null, cursor: string | undefined, limit: number): Promise<Followed> {
    const known = cursor === undefined ? null : decode(cursor)
    const heads = await readHeads(this.#db)
    const answer = { items: [] as AuditEntryRow[], cursor: encode(heads), more: false }
    if (known === null || filter === null) return answer
    for (const [chain, head] of heads) {
      const last = known.get(chain) ?? -1
      if (head <= last || (filter.chains && !filter.chains.includes(chain))) continue
      const fresh = await this.#fresh(filter, { chain, last, head }, limit)
      answer.items.push(...fresh.items)
      answer.more ||= fresh.more
    }
    const newestFirst = answer.items.toSorted((a, b) => b.time - a.time)
    return { ...answer, items: newestFirst.slice(0, limit), more: answer.more || newestFirst.length > limit }
  }

  async #fresh(
    filter: EntryFilter,
    of: { readonly chain: string; readonly last: number; readonly head: number },
    limit: number,
  ): Promise<{ readonly items: AuditEntryRow[]; readonly more: boolean }> {
    const { chain, last, head } = of
    const begin = await readFreshFrom(this.#db, chain, last)
    if (!begin) return { items: [], more: false }
    const { chains: _chains, ...rest } = filter
    // The times keep a list by time from walking back behind what is new.
    const from = Math.max(filter.from ?? 0, begin.at)
    const found = await this.#trail.list({ ...rest, chain, from, afterSequence: last }, { limit })
    // What came after the head was read is for the next look.
    const items = found.items.filter((row) => row.sequence <= head)
    return { items: items.map((row) => auditRow(this.#directory, row)), more: found.next !== null }
  }
}
