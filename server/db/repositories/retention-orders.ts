import type { Insertable, Selectable } from 'kysely'
import type { CleaningTable, ErasureTable, OperationalDatabase, OperationalTransaction } from '../schema.ts'
import { page } from './page.ts'
import type { Page, PageRequest } from './page.ts'

type Db = OperationalDatabase | OperationalTransaction
export type CleaningRow = Selectable<CleaningTable>
export type ErasureRow = Selectable<ErasureTable>

/** Puts it there unless it is; what is there stays. */
export const ensureCleaning = async (trx: OperationalTransaction, row: Insertable<CleaningTable>): Promise<boolean> => {
  const made = await trx
    .insertInto('cleaning')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst()
  return made.numInsertedOrUpdatedRows === 1n
}

export const readCleaning = async (db: Db, tenant: string, id: string): Promise<CleaningRow | null> =>
  (await db.selectFrom('cleaning').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst()) ??
  null

export const changeCleaning = async (
  trx: OperationalTransaction,
  id: string,
  change: Partial<Pick<CleaningRow, 'state' | 'ended_at' | 'error' | 'updated_at'>>,
): Promise<void> => {
  await trx
    .updateTable('cleaning')
    .set((set) => ({ ...change, version: set('version', '+', 1) }))
    .where('id', '=', id)
    .execute()
}

export const listCleanings = (
  db: OperationalDatabase,
  tenant: string,
  request: PageRequest,
): Promise<Page<CleaningRow>> => page(db.selectFrom('cleaning').selectAll().where('tenant', '=', tenant), request)

export const insertErasure = async (trx: OperationalTransaction, row: Insertable<ErasureTable>): Promise<void> => {
  await trx.insertInto('erasure').values(row).execute()
}

export const readErasure = async (db: Db, tenant: string, id: string): Promise<ErasureRow | null> =>
  (await db.selectFrom('erasure').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst()) ??
  null

export type ErasureChange = Partial<Omit<ErasureRow, 'id' | 'tenant' | 'version' | 'created_at'>>

/** False when it changed since it was read. */
export const changeErasure = async (
  trx: OperationalTransaction,
  row: Pick<ErasureRow, 'id' | 'version'>,
  change: ErasureChange,
): Promise<boolean> => {
  const changed = await trx
    .updateTable('erasure')
    .set({ ...change, version: row.version + 1 })
    .where('id', '=', row.id)
    .where('version', '=', row.version)
    .executeTakeFirst()
  return changed.numUpdatedRows === 1n
}

export const listErasures = (
  db: OperationalDatabase,
  tenant: string,
  state: ErasureRow['state'] | undefined,
  request: PageRequest,
): Promise<Page<ErasureRow>> => {
  const query = db.selectFrom('erasure').selectAll().where('tenant', '=', tenant)
  return page(state === undefined ? query : query.where('state', '=', state), request)
}
