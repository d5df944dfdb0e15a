import type { Insertable, Kysely, Selectable } from 'kysely'
import type { AuditDb, VerificationRunTable } from '../schema.ts'

export type RunRow = Selectable<VerificationRunTable>

export const insertRun = async (db: Kysely<AuditDb>, run: Insertable<VerificationRunTable>): Promise<void> => {
  await db.insertInto('verification_run').values(run).execute()
}

/** Scope of a run that proves entries one by one; such rows stand among those of whole chains. */
export const INCLUSION_SCOPE = JSON.stringify({ kind: 'inclusion' })

/** Scope of a run of a whole chain: the chains that are to follow it, null where none is. */
export const waitingScope = (waiting: readonly string[]): string | null =>
  waiting.length === 0 ? null : JSON.stringify({ kind: 'chains', waiting })

/** Chains that are to follow a run; none where its scope says another thing. */
export const waitingOf = (scope: string | null): readonly string[] => {
  const kept = scope === null ? null : (JSON.parse(scope) as { kind?: unknown; waiting?: unknown })
  if (kept?.kind !== 'chains' || !Array.isArray(kept.waiting)) return []
  return kept.waiting.filter((one) => typeof one === 'string')
}

/** Nothing follows the run any more: what waited was handed on, or is not wanted. */
export const dropWaiting = async (db: Kysely<AuditDb>, id: string): Promise<void> => {
  const own = db.updateTable('verification_run').set({ scope: null }).where('id', '=', id)
  await own.where('scope', '!=', INCLUSION_SCOPE).execute()
}

/** Runs of a node, ended or not, that others still follow; oldest first. */
export const listFollowedRuns = async (db: Kysely<AuditDb>, node: string): Promise<readonly RunRow[]> =>
  db
    .selectFrom('verification_run')
    .selectAll()
    .where('node', '=', node)
    .where('scope', 'is not', null)
    .where('scope', '!=', INCLUSION_SCOPE)
    .orderBy('started_at')
    .execute()

export interface RunEnd {
  readonly state: RunRow['state']
  readonly endedAt: number
  readonly checked: number
  readonly total: number
  readonly verdict: string | null
  readonly errorCode: string | null
}

/** Keeps what a run found; the place it had saved is not needed any more. */
export const endRun = async (db: Kysely<AuditDb>, id: string, end: RunEnd): Promise<void> => {
  const { state, endedAt, checked, total, verdict, errorCode } = end
  const forgotten = { position: null, walk: null, walk_seal: null }
  await db
    .updateTable('verification_run')
    .set({ state, ended_at: endedAt, checked, total, verdict, error_code: errorCode, ...forgotten })
    .where('id', '=', id)
    .execute()
}

/** Keeps the place a run came to, with the key store's signature over it. */
export const saveRun = async (
  db: Kysely<AuditDb>,
  id: string,
  saved: { readonly position: number; readonly walk: Uint8Array; readonly seal: Uint8Array },
): Promise<void> => {
  const { position, walk, seal } = saved
  const place = { position, checked: position, walk, walk_seal: seal }
  await db.updateTable('verification_run').set(place).where('id', '=', id).where('state', '=', 'running').execute()
}

/** Runs this node left behind, or that no node says are its own; oldest first. */
export const listAbandonedRuns = async (db: Kysely<AuditDb>, node: string): Promise<readonly RunRow[]> =>
  db
    .selectFrom('verification_run')
    .selectAll()
    .where('state', '=', 'running')
    .where((where) => where.or([where('node', '=', node), where('node', 'is', null)]))
    .orderBy('started_at')
    .execute()

export const readRun = async (db: Kysely<AuditDb>, id: string): Promise<RunRow | null> =>
  (await db.selectFrom('verification_run').selectAll().where('id', '=', id).executeTakeFirst()) ?? null

/** Newest first. */
export const listRuns = async (db: Kysely<AuditDb>, limit: number): Promise<readonly RunRow[]> =>
  db
    .selectFrom('verification_run')
    .selectAll()
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
