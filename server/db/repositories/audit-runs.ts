import type { Insertable, Kysely, Selectable } from 'kysely'
import type { AuditDb, VerificationRunTable } from '../schema.ts'

type Run = Selectable<VerificationRunTable>

export const insertRun = async (db: Kysely<AuditDb>, run: Insertable<VerificationRunTable>): Promise<void> => {
  await db.insertInto('verification_run').values(run).execute()
}

export interface RunEnd {
  readonly state: Run['state']
  readonly endedAt: number
  readonly checked: number
  readonly total: number
  readonly verdict: string | null
}

export const endRun = async (db: Kysely<AuditDb>, id: string, end: RunEnd): Promise<void> => {
  await db
    .updateTable('verification_run')
    .set({ state: end.state, ended_at: end.endedAt, checked: end.checked, total: end.total, verdict: end.verdict })
    .where('id', '=', id)
    .execute()
}

/** Runs a dead process left behind are not running. */
export const endAbandonedRuns = async (db: Kysely<AuditDb>, at: number): Promise<void> => {
  await db
    .updateTable('verification_run')
    .set({ state: 'error', ended_at: at })
    .where('state', '=', 'running')
    .execute()
}

export const readRun = async (db: Kysely<AuditDb>, id: string): Promise<Run | null> =>
  (await db.selectFrom('verification_run').selectAll().where('id', '=', id).executeTakeFirst()) ?? null

/** Newest first. */
export const listRuns = async (db: Kysely<AuditDb>, limit: number): Promise<readonly Run[]> =>
  db
    .selectFrom('verification_run')
    .selectAll()
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
