import { newId } from '../id.ts'
import type { OperationalDatabase, OperationalTransaction } from '../schema.ts'

type Db = OperationalDatabase | OperationalTransaction

/** A setting with its version: 0 while it was never set. */
export interface Setting {
  readonly value: unknown
  readonly version: number
}

/** What an administrator set under this name; `value` is undefined while nothing was. */
export const readSetting = async (db: Db, tenant: string, name: string): Promise<Setting> => {
  const row = await db
    .selectFrom('operation_setting')
    .select(['value', 'version'])
    .where('tenant', '=', tenant)
    .where('name', '=', name)
    .executeTakeFirst()
  return row ? { value: JSON.parse(row.value) as unknown, version: row.version } : { value: undefined, version: 0 }
}

/** Sets it, only over the version that was read; false when somebody else was first. */
export const writeSetting = async (
  trx: OperationalTransaction,
  tenant: string,
  name: string,
  set: { readonly value: unknown; readonly version: number; readonly at: number },
): Promise<boolean> => {
  const value = JSON.stringify(set.value)
  if (set.version === 0) {
    const row = { id: newId('setting', set.at), tenant, name, value, created_at: set.at, updated_at: set.at }
    const made = await trx
      .insertInto('operation_setting')
      .values(row)
      .onConflict((conflict) => conflict.columns(['tenant', 'name']).doNothing())
      .executeTakeFirst()
    return made.numInsertedOrUpdatedRows === 1n
  }
  const changed = await trx
    .updateTable('operation_setting')
    .set({ value, version: set.version + 1, updated_at: set.at })
    .where('tenant', '=', tenant)
    .where('name', '=', name)
    .where('version', '=', set.version)
    .executeTakeFirst()
  return changed.numUpdatedRows === 1n
}
