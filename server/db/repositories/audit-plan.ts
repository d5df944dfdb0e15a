import { sql } from 'kysely'
import type { Kysely, RawBuilder } from 'kysely'
import type { DialectName } from '../migrations/index.ts'
import type { AuditDb } from '../schema.ts'
import type { Condition, FilterColumn, ResolvedFilter } from './audit-filter.ts'
import { whereOf } from './audit-filter.ts'

type Reader = Kysely<AuditDb>

/** Where the next page begins: after this entry, in the order newest first. */
export interface After {
  readonly at: number
  readonly id: number
}
export interface EntryKey {
  readonly at: number
  readonly id: number
}

/** One index, and the values of its leading columns: its entries come in the order of a list. */
interface Path {
  readonly index: string
  readonly fixed: readonly (readonly [FilterColumn, string | number])[]
}
/** Paths that together hold every entry one condition allows. */
interface Plan {
  readonly paths: readonly Path[]
  /** Conditions the paths keep by themselves. */
  readonly kept: ReadonlySet<Condition>
}

const WITH_TENANT: readonly FilterColumn[] = ['office', 'operator_id', 'station', 'action', 'object_type']
/** More paths than this cost more than looking through the entries of the tenant. */
const PATHS_MAX = 200
/** An index is told apart from the others up to so many entries. */
const PROBE_MAX = 3000
/** The same where entries are looked through for a word: more of them cost more than looking through its hits. */
const SEARCHED_MAX = 10_000

const TENANT_INDEX: Path['index'] = 'entry_tenant_at_id_index'

/** What the indexes of lists hold, and what they do not hold yet; written as literals, as the indexes say them. */
export const LISTED = sql<boolean>`entry.listed = 1`
export const UNLISTED = sql<boolean>`entry.listed <> 1`

/** All tenants of listed entries, by jumping from one to the next in the index. */
const readTenants = async (db: Reader): Promise<readonly number[]> => {
  const tenants: number[] = []
  for (let last = -1; ;) {
    const query = db.selectFrom('entry').select((eb) => eb.fn.min<number | null>('tenant').as('tenant'))
    const { tenant } = await query.where('tenant', '>', last).where(LISTED).executeTakeFirstOrThrow()
    if (tenant === null) return tenants
    tenants.push(tenant)
    if (tenants.length > PATHS_MAX) return tenants
    last = tenant
  }
}

const plansOf = (filter: ResolvedFilter, tenants: readonly number[]): readonly Plan[] => {
  const plans: Plan[] = []
  const tenant = filter.conditions.find(({ column }) => column === 'tenant')
  for (const condition of filter.conditions) {
    const { column, values } = condition
    if (column === 'object_id' || column === 'correlation_id') {
      const index = column === 'object_id' ? 'entry_object_id_at_id_index' : 'entry_correlation_id_index'
      plans.push({ paths: values.map((value) => ({ index, fixed: [[column, value]] })), kept: new Set([condition]) })
    }
    if (!WITH_TENANT.includes(column) || values.length * tenants.length > PATHS_MAX) continue
    const paths = tenants.flatMap((owner) =>
      values.map((value): Path => {
        const fixed: Path['fixed'] = [
          ['tenant', owner],
          [column, value],
        ]
        return { index: `entry_tenant_${column}_at_id_index`, fixed }
      }),
    )
    plans.push({ paths, kept: new Set(tenant ? [condition, tenant] : [condition]) })
  }
  if (plans.length > 0) return plans
  if (!tenant) return [{ paths: [{ index: 'entry_at_id_index', fixed: [] }], kept: new Set() }]
  const paths = tenants.map((owner): Path => ({ index: TENANT_INDEX, fixed: [['tenant', owner]] }))
  return [{ paths, kept: new Set([tenant]) }]
}

/** SQLite chooses by rules of thumb that do not know our data: the index is named. PostgreSQL knows it by statistics. */
const source = (path: Path, dialect: DialectName): RawBuilder<unknown> =>
  dialect === 'sqlite' ? sql`entry indexed by ${sql.id(path.index)}` : sql`entry`

const fixedOf = (path: Path): RawBuilder<unknown> =>
  path.fixed.length === 0
    ? sql`1 = 1`
    : sql.join(
        path.fixed.map(([column, value]) => sql`${sql.ref(`entry.${column}`)} = ${value}`),
        sql` and `,
      )

/** Listed entries on the plan's paths within the filter's time, counted no further than `most`. */
const countOn = async (
  db: Reader,
  plan: Plan,
  { from, to }: ResolvedFilter,
  dialect: DialectName,
  most: number,
): Promise<number> => {
  const within = whereOf({ conditions: [], from, to, afterSequence: undefined })
  let counted = 0
  for (const path of plan.paths) {
    const rows = sql`select 1 from ${source(path, dialect)} where ${LISTED} and ${fixedOf(path)} and ${within} limit ${sql.lit(most)}`
    const result = await sql<{ found: number | string }>`select count(*) as found from (${rows}) as found`.execute(db)
    counted += Number(result.rows[0]?.found ?? 0)
    if (counted >= most) return most
  }
  return counted
}

/** The plan with the fewest entries to look through, and how many these are, counted no further than told apart. */
export const choosePlan = async (
  db: Reader,
  filter: ResolvedFilter,
  dialect: DialectName,
  isSearched: boolean,
): Promise<{ readonly plan: Plan; readonly count: number }> => {
  const tenant = filter.conditions.find(({ column }) => column === 'tenant')
  const tenants = (tenant?.values as readonly number[] | undefined) ?? (await readTenants(db))
  const plans = plansOf(filter, tenants)
  const [only] = plans
  if (only && plans.length === 1 && !isSearched) return { plan: only, count: PROBE_MAX }
  const most = isSearched ? SEARCHED_MAX : PROBE_MAX
  let best: { plan: Plan; count: number } | null = null
  for (const plan of plans) {
    const count = await countOn(db, plan, filter, dialect, best?.count ?? most)
    if (!best || count < best.count) best = { plan, count }
  }
  return best ?? { plan: { paths: [], kept: new Set() }, count: 0 }
}

/** Whether the entries of a plan that was chosen for a search are so few that they are looked through. */
export const isFew = (count: number): boolean => count < SEARCHED_MAX

const newestFirst = (left: EntryKey, right: EntryKey): number => right.at - left.at || right.id - left.id

/** SQLite enters an index by one upper bound, and takes the first: where the page is older, its own is the only one. */
const timeOf = (filter: ResolvedFilter, after: After | null): ResolvedFilter =>
  after && filter.to !== undefined && after.at < filter.to ? { ...filter, to: undefined } : filter

// The time bounds the index; the number only tells apart those of one time.
const boundOf = (after: After | null): RawBuilder<unknown> =>
  after ? sql`entry.at <= ${after.at} and (entry.at < ${after.at} or entry.id < ${after.id})` : sql`1 = 1`

interface KeyPage {
  readonly after: After | null
  readonly limit: number
}

/** The next entries that are in no index of lists yet and fit the filter, newest first: all of them are walked. */
export const walkUnlisted = async (
  db: Reader,
  filter: ResolvedFilter,
  { after, limit }: KeyPage,
): Promise<readonly EntryKey[]> => {
  const query = sql<EntryKey>`
    select entry.at, entry.id from entry where ${UNLISTED} and ${whereOf(timeOf(filter, after))} and ${boundOf(after)}
    order by entry.at desc, entry.id desc limit ${sql.lit(limit)}`
  return (await query.execute(db)).rows
}

/** Keys of both, newest first, each once: what was listed in between is met twice where the unlisted are read first. */
export const mergeKeys = (
  unlisted: readonly EntryKey[],
  listed: readonly EntryKey[],
  limit: number,
): readonly EntryKey[] => {
  if (unlisted.length === 0) return listed
  const met = new Set(unlisted.map((key) => key.id))
  return [...unlisted, ...listed.filter((key) => !met.has(key.id))].sort(newestFirst).slice(0, limit)
}

/**
 * The next listed entries of a plan that fit the filter, newest first. Each path gives its own, in order; they are
 * merged.
 */
export const walkPlan = async (
  db: Reader,
  plan: Plan,
  filter: ResolvedFilter,
  dialect: DialectName,
  page: KeyPage,
): Promise<readonly EntryKey[]> => {
  const rest = whereOf(timeOf(filter, page.after), plan.kept)
  const bound = boundOf(page.after)
  const found: EntryKey[] = []
  for (const path of plan.paths) {
    const query = sql<EntryKey>`
      select entry.at, entry.id from ${source(path, dialect)}
      where ${LISTED} and ${fixedOf(path)} and ${rest} and ${bound}
      order by entry.at desc, entry.id desc limit ${sql.lit(page.limit)}`
    found.push(...(await query.execute(db)).rows)
  }
  return plan.paths.length > 1 ? found.sort(newestFirst).slice(0, page.limit) : found
}
