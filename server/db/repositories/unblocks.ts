import type { Selectable } from 'kysely'
import type { OperationalTransaction, UnblockTable } from '../schema.ts'
import { assertMet } from './versioned.ts'

export type UnblockRowStored = Selectable<UnblockTable>

export const insertUnblock = async (
  trx: OperationalTransaction,
  row: Omit<UnblockRowStored, 'version'>,
): Promise<void> => {
  await trx.insertInto('unblock').values(row).execute()
}

export const findUnblock = async (
  trx: OperationalTransaction,
  tenant: string,
  cardId: string,
  id: string,
): Promise<UnblockRowStored | null> =>
  (await trx
    .selectFrom('unblock')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('card_id', '=', cardId)
    .where('id', '=', id)
    .executeTakeFirst()) ?? null

/** Ends one that was going on. */
export const endUnblock = async (
  trx: OperationalTransaction,
  id: string,
  values: Pick<UnblockRowStored, 'state' | 'error' | 'updated_at'>,
): Promise<void> => {
  const done = await trx
    .updateTable('unblock')
    .set((eb) => ({ ...values, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .where('state', '=', 'started')
    .executeTakeFirst()
  assertMet(done)
}
