import type { Insertable, Selectable } from 'kysely'
import type { OperationalDatabase, OperationalTransaction, ScheduleTable } from '../schema.ts'

type Db = OperationalDatabase | OperationalTransaction
export type ScheduleRow = Selectable<ScheduleTable>

/** Puts a schedule there unless it is; what an administrator changed stays. */
export const ensureSchedule = async (db: Db, row: Insertable<ScheduleTable>): Promise<void> => {
  await db
    .insertInto('schedule')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenant', 'name']).doNothing())
    .execute()
}

export const listSchedules = async (db: Db, tenant: string): Promise<readonly ScheduleRow[]> =>
  db.selectFrom('schedule').selectAll().where('tenant', '=', tenant).orderBy('name').execute()

export const readSchedule = async (db: Db, tenant: string, name: string): Promise<ScheduleRow | null> =>
  (await db
    .selectFrom('schedule')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('name', '=', name)
    .executeTakeFirst()) ?? null

export const listDueSchedules = async (db: Db, tenant: string, now: number): Promise<readonly ScheduleRow[]> =>
  db
    .selectFrom('schedule')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('enabled', '=', 1)
    .where('next_at', '<=', now)
    .execute()

/** Moves a schedule on, only from the time it was due at: of several nodes one does it. */
export const moveSchedule = async (
  trx: OperationalTransaction,
  from: ScheduleRow,
  to: { readonly nextAt: number | null; readonly lastAt: number; readonly lastJob: string | null },
): Promise<boolean> => {
  const moved = await trx
    .updateTable('schedule')
    .set({ next_at: to.nextAt, last_at: to.lastAt, last_job: to.lastJob })
    .where('id', '=', from.id)
    .where('next_at', '=', from.next_at)
    .executeTakeFirst()
  return moved.numUpdatedRows === 1n
}

/** Sets when a schedule runs; false when somebody changed it since `version`. */
export const setSchedule = async (
  trx: OperationalTransaction,
  schedule: Pick<ScheduleRow, 'id' | 'version'>,
  set: Pick<ScheduleRow, 'cron' | 'time_zone' | 'enabled' | 'next_at' | 'updated_at'>,
): Promise<boolean> => {
  const changed = await trx
    .updateTable('schedule')
    .set({ ...set, version: schedule.version + 1 })
    .where('id', '=', schedule.id)
    .where('version', '=', schedule.version)
    .executeTakeFirst()
  return changed.numUpdatedRows === 1n
}

export const noteScheduledJob = async (
  trx: OperationalTransaction,
  id: string,
  ran: { readonly at: number; readonly job: string },
): Promise<void> => {
  await trx.updateTable('schedule').set({ last_at: ran.at, last_job: ran.job }).where('id', '=', id).execute()
}
