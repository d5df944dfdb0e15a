import type { Names } from '../../shared/exports/index.ts'
import type { OperationalDatabase } from '../db/schema.ts'

/** Names of everything the server knows now, of one tenant; of tenants all, since entries may be of any. */
export const readNames = async (db: OperationalDatabase, tenant: string): Promise<Names> => {
  const of = async (table: 'operator' | 'office' | 'station'): Promise<Record<string, string>> => {
    const rows = await db.selectFrom(table).select(['id', 'name']).where('tenant', '=', tenant).execute()
    return Object.fromEntries(rows.map(({ id, name }) => [id, name]))
  }
  const tenants = await db.selectFrom('tenant').select(['id', 'name']).execute()
  return {
    operators: await of('operator'),
    offices: await of('office'),
    stations: await of('station'),
    tenants: Object.fromEntries(tenants.map(({ id, name }) => [id, name])),
  }
}
