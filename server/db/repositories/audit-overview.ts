import type { AuditDatabase } from '../schema.ts'
import { INCLUSION_SCOPE } from './audit-runs.ts'
import { page, type Page, type PageRequest } from './page.ts'

/** A chain as its tables tell it. Times are UTC in ms. */
export interface ChainOverview {
  readonly chain: string
  readonly createdAt: number
  readonly headSequence: number
  readonly headSignature: Uint8Array
  readonly headAt: number | null
  readonly first: { readonly sequence: number; readonly time: number } | null
  readonly cut: { readonly size: number; readonly at: number } | null
  readonly checkpoint: { readonly size: number; readonly at: number } | null
  readonly lastRun: string | null
}

const edge = (db: AuditDatabase, chain: string, direction: 'asc' | 'desc') =>
  db
    .selectFrom('entry')
    .select(['sequence', 'at as time'])
    .where('chain', '=', chain)
    .orderBy('sequence', direction)
    .limit(1)
    .executeTakeFirst()

const last = (db: AuditDatabase, name: 'chain_cut' | 'checkpoint', chain: string) =>
  db
    .selectFrom(name)
    .select(['size', 'created_at as at'])
    .where('chain', '=', chain)
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst()

/** Every chain of the database, by name: a few look-ups in indexes for each, however long it is. */
export const readChainOverviews = async (db: AuditDatabase): Promise<readonly ChainOverview[]> => {
  const rows = await db.selectFrom('chain').selectAll().orderBy('chain').execute()
  const made: ChainOverview[] = []
  for (const { chain, created_at: createdAt, head_sequence: headSequence, head_signature: headSignature } of rows) {
    const run = await db
      .selectFrom('verification_run')
      .select('id')
      .where('chain', '=', chain)
      .orderBy('started_at', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst()
    made.push({
      chain,
      createdAt,
      headSequence,
      headSignature,
      headAt: (await edge(db, chain, 'desc'))?.time ?? null,
      first: (await edge(db, chain, 'asc')) ?? null,
      cut: (await last(db, 'chain_cut', chain)) ?? null,
      checkpoint: (await last(db, 'checkpoint', chain)) ?? null,
      lastRun: run?.id ?? null,
    })
  }
  return made
}

/** Those of these runs that did not take a whole chain. */
export const findNarrowRuns = async (db: AuditDatabase, ids: readonly string[]): Promise<ReadonlySet<string>> => {
  if (ids.length === 0) return new Set()
  const rows = await db
    .selectFrom('verification_run')
    .select('id')
    .where('id', 'in', ids)
    .where('scope', '=', INCLUSION_SCOPE)
    .execute()
  return new Set(rows.map((row) => row.id))
}

export interface RunFilter {
  readonly chain?: string | undefined
  readonly state?: 'running' | 'passed' | 'failed' | 'cancelled' | 'error' | undefined
  readonly requestedBy?: string | undefined
}

/** Ids of verification runs, newest first. Throws REQUEST_INVALID (`cursor`, `limit`). */
export const pageRuns = async (
  db: AuditDatabase,
  filter: RunFilter,
  request: PageRequest,
): Promise<Page<{ readonly id: string; readonly started_at: number }>> => {
  let query = db.selectFrom('verification_run').select(['id', 'started_at'])
  if (filter.chain !== undefined) query = query.where('chain', '=', filter.chain)
  if (filter.state !== undefined) query = query.where('state', '=', filter.state)
  if (filter.requestedBy !== undefined) query = query.where('requested_by', '=', filter.requestedBy)
  return page(query, request, { time: 'started_at' })
}
