import {
  AppError,
  type AccessFilter,
  type AccessReviewView,
  type AccessRow,
  type HttpAnswer,
} from '../../shared/contract/index.ts'
import { newId } from '../db/index.ts'
import { findReview, insertReview, listReviews, type AccessReviewRow } from '../db/repositories/access-reviews.ts'
import { readChainOverviews } from '../db/repositories/audit-overview.ts'
import type { Directory } from '../db/repositories/directory.ts'
import type { AuditDatabase, OperationalDatabase } from '../db/schema.ts'
import type { AccessEntries } from './access-entries.ts'
import { accessCsv, countAccess } from './access-report.ts'
import type { AuditScope } from './audit-scope.ts'
import type { Call } from './call.ts'
import type { Changes } from './change.ts'
import { dayOf } from './deps.ts'
import { operatorRef } from './views.ts'
import { localTime, yearStart } from './working-hours.ts'

export interface AccessDeps {
  readonly db: OperationalDatabase
  readonly audit: AuditDatabase
  readonly directory: Directory
  readonly changes: Changes
  readonly scope: AuditScope
  readonly entries: AccessEntries
}

/** Where a list goes on: everything before `before`, but the first `skip` rows of the ms just below it. */
const encodeCursor = (before: number, skip: number): string =>
  Buffer.from(JSON.stringify([1, before, skip]), 'utf8').toString('base64url')

const decodeCursor = (cursor: string): { readonly before: number; readonly skip: number } => {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', { reason: 'cursor' }, { cause })
  }
  const [form, before, skip] = Array.isArray(value) ? (value as unknown[]) : []
  if (form !== 1 || !Number.isSafeInteger(before) || !Number.isSafeInteger(skip))
    throw new AppError('REQUEST_INVALID', { reason: 'cursor' })
  return { before: before as number, skip: skip as number }
}

/** Administrators' access, its list and its yearly review (Garante, provvedimento 27.11.2008, 4.4 and 4.5). */
export class Access {
  readonly #deps: AccessDeps

  constructor(deps: AccessDeps) {
    this.#deps = deps
  }

  async list(call: Call, filter: AccessFilter): Promise<HttpAnswer<'listAccess'>> {
    const { cursor, limit, from, to, event, means, operator, text } = filter
    const scope = this.#deps.scope.filter(call)
    const operatorIds = operator?.flatMap((words) => this.#deps.directory.findOperators(words))
    if (scope === null || operatorIds?.length === 0) return { items: [], next: null }
    const at = cursor === undefined ? null : decodeCursor(cursor)
    const before = at === null ? to : Math.min(at.before, to ?? Infinity)
    const items: AccessRow[] = []
    let skip = at?.skip ?? 0
    for await (const row of this.#deps.entries.all({ scope, from, to: before, text, operatorIds })) {
      if (!(event?.includes(row.event) ?? true) || !(means?.includes(row.means) ?? true)) continue
      if (skip > 0) skip -= 1
      else if (items.length === limit) return { items, next: this.#next(items, at) }
      else items.push(row)
    }
    return { items, next: null }
  }

  /** Years with entries that are still there, and years that were reviewed. */
  async years(call: Call): Promise<HttpAnswer<'listAccessYears'>> {
    const { audit, directory, db, entries } = this.#deps
    const { zone } = entries.hours
    const chains = await readChainOverviews(audit)
    const firsts = chains.flatMap(({ first }) => (first === null ? [] : [localTime(zone, first.time).year]))
    const reviews = await listReviews(db, call.actor.tenant)
    const now = localTime(zone, call.at).year
    const oldest = Math.min(now, ...firsts, ...reviews.map(({ year }) => year))
    const items = []
    for (let year = now; year >= oldest; year -= 1) {
      const review = reviews.find((one) => one.year === year) ?? null
      items.push({ year, isOver: year < now, reviewed: review && markOf(directory, review) })
    }
    return { items }
  }

  async review(call: Call, year: number): Promise<AccessReviewView> {
    const { audit, db, directory, scope, entries } = this.#deps
    const { hours } = entries
    const [from, to] = [yearStart(hours.zone, year), yearStart(hours.zone, year + 1)]
    const inReach = scope.filter(call)
    const nothing = { months: [], totals: { signIns: 0, signOuts: 0, failures: 0, outOfHours: 0 } }
    const counted = inReach
      ? await countAccess(entries.all({ scope: inReach, from, to: Math.min(to, call.at + 1) }), hours.zone)
      : nothing
    const cuts = (await readChainOverviews(audit)).flatMap(({ cut, first }) => (cut && first ? [first.time] : []))
    const missing = Math.max(...cuts, 0)
    const review = await findReview(db, call.actor.tenant, year)
    return {
      year,
      from,
      to,
      isOver: to <= call.at,
      missingBefore: missing > from ? dayOf(Math.min(missing, to)) : null,
      hours: { ...hours, days: [...hours.days] },
      ...counted,
      reviewed: review && markOf(directory, review),
    }
  }

  /** Audited before it leaves. */
  async export(call: Call, year: number, format: 'json' | 'csv'): Promise<HttpAnswer<'exportAccessReview'>> {
    const review = await this.review(call, year)
    const name = `access-${year}.${format}`
    await this.#deps.changes.run(call, async (_trx, tell) => {
      const object = { type: 'access-review', id: String(year) } as const
      await tell({ action: 'Export', object, after: { name, year, format, lines: review.months.length } })
    })
    return format === 'csv'
      ? { name, mediaType: 'text/csv', content: accessCsv(review) }
      : { name, mediaType: 'application/json', content: `${JSON.stringify(review, null, 2)}\n` }
  }

  /** Throws REQUEST_INVALID (`year-open`), REQUEST_CONFLICT when it was reviewed. */
  async markReviewed(call: Call, year: number, note: string): Promise<AccessReviewView> {
    const { hours } = this.#deps.entries
    if (yearStart(hours.zone, year + 1) > call.at) throw new AppError('REQUEST_INVALID', { reason: 'year-open', year })
    await this.#deps.changes.create(call, async (trx, tell) => {
      const { tenant, operator } = call.actor
      if (await findReview(trx, tenant, year)) throw new AppError('REQUEST_CONFLICT', { reason: 'reviewed', year })
      const id = newId('review')
      const times = { version: 1, created_at: call.at, updated_at: call.at }
      await insertReview(trx, { id, tenant, ...times, year, operator_id: operator.id, note })
      const after = { id, name: String(year), year, note, operatorId: operator.id }
      await tell({ action: 'Insertion', object: { type: 'access-review', id }, after, reason: note })
      return { id }
    })
    return this.review(call, year)
  }

  #next(items: readonly AccessRow[], at: { readonly before: number; readonly skip: number } | null): string {
    const time = items.at(-1)?.time ?? 0
    const same = items.filter((row) => row.time === time).length
    // A page that is all of one ms goes on behind what earlier pages gave of it.
    const earlier = at !== null && at.before === time + 1 ? at.skip : 0
    return encodeCursor(time + 1, same + earlier)
  }
}

const markOf = (directory: Directory, row: AccessReviewRow) => ({
  id: row.id,
  at: row.created_at,
  by: operatorRef(directory, row.operator_id),
  note: row.note,
})
