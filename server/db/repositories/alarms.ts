import type { Insertable, Selectable } from 'kysely'
import type { AlarmTable, OperationalDatabase, OperationalTransaction } from '../schema.ts'
import { page } from './page.ts'
import type { Page, PageRequest } from './page.ts'

type Db = OperationalDatabase | OperationalTransaction
export type AlarmRow = Selectable<AlarmTable>

export const findOpenAlarm = async (db: Db, tenant: string, kind: string, key: string): Promise<AlarmRow | null> =>
  (await db
    .selectFrom('alarm')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('kind', '=', kind)
    .where('key', '=', key)
    .where('cleared_at', 'is', null)
    .executeTakeFirst()) ?? null

/** When a mail about this kind and key was last asked for, whichever alarm it was of; null: never. */
export const lastMailed = async (db: Db, tenant: string, kind: string, key: string): Promise<number | null> => {
  const row = await db
    .selectFrom('alarm')
    .select((select) => select.fn.max('mailed_at').as('at'))
    .where('tenant', '=', tenant)
    .where('kind', '=', kind)
    .where('key', '=', key)
    .executeTakeFirst()
  return row?.at ?? null
}

/** When this kind and key was last raised or cleared, in ms; 0: never. */
export const lastTold = async (db: Db, tenant: string, kind: string, key: string): Promise<number> => {
  const row = await db
    .selectFrom('alarm')
    .select(({ fn }) => [fn.max('last_raised_at').as('raised'), fn.max('cleared_at').as('cleared')])
    .where('tenant', '=', tenant)
    .where('kind', '=', kind)
    .where('key', '=', key)
    .executeTakeFirst()
  return Math.max(row?.raised ?? 0, row?.cleared ?? 0)
}

export const insertAlarm = async (trx: OperationalTransaction, row: Insertable<AlarmTable>): Promise<void> => {
  await trx.insertInto('alarm').values(row).execute()
}

export type AlarmChange = Partial<Omit<AlarmRow, 'id' | 'tenant' | 'kind' | 'key' | 'version' | 'created_at'>>

/** Changes the alarm and its version; false when it changed since it was read. */
export const changeAlarm = async (
  trx: OperationalTransaction,
  row: Pick<AlarmRow, 'id' | 'version'>,
  change: AlarmChange,
): Promise<boolean> => {
  const changed = await trx
    .updateTable('alarm')
    .set({ ...change, version: row.version + 1 })
    .where('id', '=', row.id)
    .where('version', '=', row.version)
    .executeTakeFirst()
  return changed.numUpdatedRows === 1n
}

export const readAlarm = async (db: Db, tenant: string, id: string): Promise<AlarmRow | null> =>
  (await db.selectFrom('alarm').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst()) ??
  null

/** Newest first. Throws REQUEST_INVALID (`cursor`, `limit`). */
export const listAlarms = async (
  db: OperationalDatabase,
  tenant: string,
  onlyOpen: boolean,
  request: PageRequest,
): Promise<Page<AlarmRow>> => {
  const query = db.selectFrom('alarm').selectAll().where('tenant', '=', tenant)
  return page(onlyOpen ? query.where('cleared_at', 'is', null) : query, request)
}
