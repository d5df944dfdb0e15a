import type { Insertable, Kysely, Selectable } from 'kysely'
import type { Opened } from '../open.ts'
import type { JobRunTable, JobTable, OperationalDatabase, OperationalDb, OperationalTransaction } from '../schema.ts'
import { inTransaction } from '../transaction.ts'
import { page } from './page.ts'
import type { Page, PageRequest } from './page.ts'

type Db = OperationalDatabase | OperationalTransaction
export type JobRow = Selectable<JobTable>
export type JobRunRow = Selectable<JobRunTable>
export type NewJob = Omit<Insertable<JobTable>, 'version'>

/** Makes a job in the caller's transaction; false where its unique key was used before. */
export const insertJob = async (trx: OperationalTransaction, job: NewJob): Promise<boolean> => {
  const made = await trx
    .insertInto('job')
    .values(job)
    .onConflict((conflict) => conflict.column('unique_key').doNothing())
    .executeTakeFirst()
  return made.numInsertedOrUpdatedRows === 1n
}

/** Who asks for work, and which work it can do. */
export interface Claim {
  readonly kinds: readonly string[]
  /** Of these only one job runs at a time, on all nodes together. */
  readonly exclusive: readonly string[]
  readonly node: string
  readonly owner: string
  readonly now: number
  readonly leaseMs: number
}

/** Waiting and due, or running under a lease that ran out: its process is dead or cut off. */
const claimable = (db: Db, claim: Claim, kinds: readonly string[]) =>
  db
    .selectFrom('job')
    .selectAll()
    .where('kind', 'in', kinds)
    .where((where) => where.or([where('node', 'is', null), where('node', '=', claim.node)]))
    .where((where) =>
      where.or([
        where.and([where('state', '=', 'waiting'), where('due_at', '<=', claim.now)]),
        where.and([where('state', '=', 'running'), where('lease_until', '<', claim.now)]),
      ]),
    )
    .orderBy('due_at')
    .orderBy('id')
    .limit(1)

const freeKinds = async (db: Db, claim: Claim): Promise<readonly string[]> => {
  if (claim.exclusive.length === 0) return claim.kinds
  const rows = await db
    .selectFrom('job')
    .select('kind')
    .distinct()
    .where('state', '=', 'running')
    .where('lease_until', '>=', claim.now)
    .where('kind', 'in', claim.exclusive)
    .execute()
  const busy = new Set(rows.map((row) => row.kind))
  return claim.kinds.filter((kind) => !busy.has(kind))
}

/** A job taken; `lost` is the attempt of the process that held it before. */
export interface Taken {
  readonly job: JobRow
  readonly lost: number | null
}

/**
 * Takes the job that is due longest, for nobody else to take before `leaseMs`: on PostgreSQL by a row lock that others
 * pass over, on SQLite because only one transaction writes. Durable when it returns; null when there is no work.
 */
export const claimJob = async (operational: Opened<OperationalDb>, claim: Claim): Promise<Taken | null> => {
  const { db, dialect } = operational
  if (claim.kinds.length === 0) return null
  // Looked for without a transaction first: an idle poll must not take SQLite's write lock.
  const isThere = await claimable(db, claim, claim.kinds).executeTakeFirst()
  if (!isThere) return null
  return inTransaction(db, async (trx) => {
    const kinds = await freeKinds(trx, claim)
    if (kinds.length === 0) return null
    const query = claimable(trx, claim, kinds)
    const row = await (dialect === 'postgres' ? query.forUpdate().skipLocked() : query).executeTakeFirst()
    if (!row) return null
    const lost = row.state === 'running' ? row.attempts : null
    if (lost !== null) await endRun(trx, row.id, lost, { at: claim.now, outcome: 'lost', error: null })
    const attempt = row.attempts + 1
    const lease = { lease_owner: claim.owner, lease_until: claim.now + claim.leaseMs }
    const change = { state: 'running' as const, attempts: attempt, version: row.version + 1, updated_at: claim.now }
    await trx
      .updateTable('job')
      .set({ ...lease, ...change })
      .where('id', '=', row.id)
      .execute()
    await trx
      .insertInto('job_run')
      .values({
        job_id: row.id,
        attempt,
        node: claim.node,
        started_at: claim.now,
        ended_at: null,
        outcome: null,
        error: null,
      })
      .execute()
    return { job: { ...row, ...lease, ...change }, lost }
  })
}

/** A job as its holder names it: who holds it in which attempt. Anybody else's write to it does nothing. */
export interface Held {
  readonly id: string
  readonly owner: string
  readonly attempt: number
}

/** False when the lease is somebody else's by now: the holder must stop. */
export const renewLease = async (db: OperationalDatabase, held: Held, until: number): Promise<boolean> => {
  const renewed = await db
    .updateTable('job')
    .set({ lease_until: until })
    .where('id', '=', held.id)
    .where('lease_owner', '=', held.owner)
    .where('attempts', '=', held.attempt)
    .where('state', '=', 'running')
    .executeTakeFirst()
  return renewed.numUpdatedRows === 1n
}

export interface RunEnd {
  readonly at: number
  readonly outcome: NonNullable<JobRunRow['outcome']>
  readonly error: string | null
}

const endRun = async (trx: OperationalTransaction, id: string, attempt: number, end: RunEnd): Promise<void> => {
  await trx
    .updateTable('job_run')
    .set({ ended_at: end.at, outcome: end.outcome, error: end.error })
    .where('job_id', '=', id)
    .where('attempt', '=', attempt)
    .where('ended_at', 'is', null)
    .execute()
}

/** What becomes of a job after a run. `body` replaces the job's, so that a sent mail's address is not kept. */
export interface Settled {
  readonly state: 'waiting' | 'done' | 'dead'
  readonly dueAt: number
  /** False for a run the closing server ended: it takes nothing from the attempts. */
  readonly isCounted: boolean
  readonly body?: string
}

/** Ends a run and says what follows; false, and nothing written, when the lease was lost meanwhile. */
export const settleJob = async (
  trx: OperationalTransaction,
  held: Held,
  end: RunEnd,
  settled: Settled,
): Promise<boolean> => {
  const changed = await trx
    .updateTable('job')
    .set((set) => ({
      state: settled.state,
      due_at: settled.dueAt,
      lease_owner: null,
      lease_until: null,
      last_error: end.error,
      ended_at: settled.state === 'waiting' ? null : end.at,
      updated_at: end.at,
      version: set('version', '+', 1),
      ...(settled.isCounted ? {} : { max_attempts: set('max_attempts', '+', 1) }),
      ...(settled.body === undefined ? {} : { body: settled.body }),
    }))
    .where('id', '=', held.id)
    .where('lease_owner', '=', held.owner)
    .where('attempts', '=', held.attempt)
    .where('state', '=', 'running')
    .executeTakeFirst()
  if (changed.numUpdatedRows !== 1n) return false
  await endRun(trx, held.id, held.attempt, end)
  return true
}

/** A dead job waits again, with its attempts counted from where they were. False when it is not dead. */
export const reviveJob = async (
  trx: OperationalTransaction,
  id: string,
  more: { readonly at: number; readonly attempts: number },
): Promise<boolean> => {
  const changed = await trx
    .updateTable('job')
    .set((set) => ({
      state: 'waiting',
      due_at: more.at,
      ended_at: null,
      updated_at: more.at,
      max_attempts: set('attempts', '+', more.attempts),
      version: set('version', '+', 1),
    }))
    .where('id', '=', id)
    .where('state', '=', 'dead')
    .executeTakeFirst()
  return changed.numUpdatedRows === 1n
}

export const readJob = async (db: Db, tenant: string, id: string): Promise<JobRow | null> =>
  (await db.selectFrom('job').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst()) ?? null

export const listJobRuns = async (db: Db, id: string, limit: number): Promise<readonly JobRunRow[]> => {
  const rows = await db
    .selectFrom('job_run')
    .selectAll()
    .where('job_id', '=', id)
    .orderBy('attempt', 'desc')
    .limit(limit)
    .execute()
  return rows.reverse()
}

/** Newest first. Throws REQUEST_INVALID (`cursor`, `limit`). */
export const listJobs = async (
  db: OperationalDatabase,
  tenant: string,
  filter: { readonly state?: JobRow['state'] | undefined; readonly kind?: string | undefined },
  request: PageRequest,
): Promise<Page<JobRow>> => {
  let query = db.selectFrom('job').selectAll().where('tenant', '=', tenant)
  if (filter.state !== undefined) query = query.where('state', '=', filter.state)
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
  return page(query, request)
}

/** How many jobs are in which state, and since when the oldest is due: for health and the mail page. */
export const countJobs = async (
  db: Kysely<OperationalDb>,
  tenant: string,
  now: number,
): Promise<
  readonly { readonly kind: string; readonly state: string; readonly jobs: number; readonly late: number }[]
> => {
  const rows = await db
    .selectFrom('job')
    .select((select) => [
      'kind',
      'state',
      select.fn.countAll<number | string>().as('jobs'),
      select.fn.min<number | string>('due_at').as('due'),
    ])
    .where('tenant', '=', tenant)
    .where('state', '!=', 'done')
    .groupBy(['kind', 'state'])
    .execute()
  return rows.map(({ kind, state, jobs, due }) => ({
    kind,
    state,
    jobs: Number(jobs),
    late: state === 'waiting' ? Math.max(0, now - Number(due)) : 0,
  }))
}

/** Forgets jobs that were done long ago, with their runs; the audit keeps what they did. */
export const forgetDoneJobs = async (trx: OperationalTransaction, tenant: string, before: number): Promise<void> => {
  const old = trx
    .selectFrom('job')
    .select('id')
    .where('tenant', '=', tenant)
    .where('state', '=', 'done')
    .where('ended_at', '<', before)
  await trx.deleteFrom('job_run').where('job_id', 'in', old).execute()
  await trx
    .deleteFrom('job')
    .where('tenant', '=', tenant)
    .where('state', '=', 'done')
    .where('ended_at', '<', before)
    .execute()
}
