import type { Selectable } from 'kysely'
import type { OperationalDatabase, OperationalTransaction, SessionTable } from '../schema.ts'

type Db = OperationalDatabase | OperationalTransaction
export type SessionRowStored = Selectable<SessionTable>

export const insertSession = async (
  trx: OperationalTransaction,
  row: Omit<SessionRowStored, 'version'>,
): Promise<void> => {
  await trx.insertInto('session').values(row).execute()
}

export const findSessionByToken = async (db: Db, tokenDigest: string): Promise<SessionRowStored | null> =>
  (await db.selectFrom('session').selectAll().where('token_digest', '=', tokenDigest).executeTakeFirst()) ?? null

export const listOpenSessions = (db: Db, tenant: string): Promise<SessionRowStored[]> =>
  db.selectFrom('session').selectAll().where('tenant', '=', tenant).where('ended_at', 'is', null).execute()

/** Ends a session for good; its proof key is overwritten. False when it had ended before. */
export const endSession = async (
  trx: OperationalTransaction,
  id: string,
  end: { readonly at: number; readonly reason: string; readonly isLock: boolean },
): Promise<boolean> => {
  const done = await trx
    .updateTable('session')
    .set((eb) => ({
      ended_at: end.at,
      end_reason: end.reason,
      locked_at: end.isLock ? end.at : null,
      proof_key: null,
      updated_at: end.at,
      version: eb('version', '+', 1),
    }))
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

export const touchSession = async (db: OperationalDatabase, id: string, at: number): Promise<void> => {
  await db.updateTable('session').set({ seen_at: at }).where('id', '=', id).where('ended_at', 'is', null).execute()
}

/** Durable before the request that showed it is answered. */
export const setSessionClock = async (db: OperationalDatabase, id: string, aheadMs: number): Promise<void> => {
  await db.updateTable('session').set({ clock_ahead_ms: aheadMs }).where('id', '=', id).execute()
}

/** When the operator signed in last, before now. */
export const lastSignInAt = async (db: Db, operatorId: string): Promise<number | null> =>
  (
    await db
      .selectFrom('session')
      .select((eb) => eb.fn.max('created_at').as('at'))
      .where('operator_id', '=', operatorId)
      .executeTakeFirst()
  )?.at ?? null

/** Null once it ended or was locked, or ran out. */
export const readOpenSession = async (db: Db, id: string, now: number): Promise<SessionRowStored | null> => {
  const open = db.selectFrom('session').selectAll().where('id', '=', id).where('ended_at', 'is', null)
  return (await open.where('expires_at', '>', now).executeTakeFirst()) ?? null
}
