import type { Selectable } from 'kysely'
import { AppError } from '../../../shared/contract/errors.ts'
import type { AuditFilterTable, OperationalDatabase, OperationalTransaction } from '../schema.ts'

export type SavedFilterRow = Selectable<AuditFilterTable>
export interface FilterOwner {
  readonly tenant: string
  readonly operatorId: string
}
type Reader = OperationalDatabase | OperationalTransaction

const ofOwner = (db: Reader, owner: FilterOwner) =>
  db
    .selectFrom('audit_filter')
    .selectAll()
    .where('tenant', '=', owner.tenant)
    .where('operator_id', '=', owner.operatorId)

/** All of an operator's, by name. */
export const listSavedFilters = (db: Reader, owner: FilterOwner, limit: number): Promise<SavedFilterRow[]> =>
  ofOwner(db, owner).orderBy('name').limit(limit).execute()

/** Null also for one of somebody else. */
export const findSavedFilter = async (db: Reader, owner: FilterOwner, id: string): Promise<SavedFilterRow | null> =>
  (await ofOwner(db, owner).where('id', '=', id).executeTakeFirst()) ?? null

/** Throws REQUEST_CONFLICT when the operator has one of that name. */
export const insertSavedFilter = async (trx: OperationalTransaction, row: SavedFilterRow): Promise<void> => {
  await trx.insertInto('audit_filter').values(row).execute()
}

/** Throws REQUEST_PRECONDITION_FAILED when the row is not of the version given any more, REQUEST_CONFLICT as above. */
export const updateSavedFilter = async (
  trx: OperationalTransaction,
  before: SavedFilterRow,
  values: Pick<SavedFilterRow, 'name' | 'search' | 'updated_at'>,
): Promise<void> => {
  const done = await trx
    .updateTable('audit_filter')
    .set({ ...values, version: before.version + 1 })
    .where('id', '=', before.id)
    .where('version', '=', before.version)
    .executeTakeFirst()
  if (done.numUpdatedRows !== 1n) throw new AppError('REQUEST_PRECONDITION_FAILED')
}

export const deleteSavedFilter = async (trx: OperationalTransaction, id: string): Promise<boolean> => {
  const done = await trx.deleteFrom('audit_filter').where('id', '=', id).executeTakeFirst()
  return done.numDeletedRows === 1n
}
