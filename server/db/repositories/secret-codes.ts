import type { Selectable } from 'kysely'
import type { OperationalDatabase, OperationalTransaction, SecretCodeState, SecretCodeTable } from '../schema.ts'
import { assertMet } from './versioned.ts'

export type StoredCode = Omit<Selectable<SecretCodeTable>, 'version' | 'created_at' | 'updated_at' | 'data_key_id'>

const LIVE: readonly SecretCodeState[] = ['created', 'stored', 'printed', 'delivered']
const COLUMNS = [
  'id',
  'tenant',
  'division',
  'office',
  'kind',
  'owner_kind',
  'owner_id',
  'card_id',
  'state',
  'wrapped_data_key',
  'wrapping_key_label',
  'nonce',
  'ciphertext',
  'tag',
] as const

export const insertCode = async (trx: OperationalTransaction, code: StoredCode, at: number): Promise<void> => {
  await trx
    .insertInto('secret_code')
    .values({ ...code, data_key_id: null, created_at: at, updated_at: at })
    .execute()
}

export const findLiveCode = async (
  db: OperationalDatabase | OperationalTransaction,
  tenant: string,
  cardId: string,
  kind: StoredCode['kind'],
): Promise<StoredCode | null> =>
  (await db
    .selectFrom('secret_code')
    .select(COLUMNS)
    .where('tenant', '=', tenant)
    .where('card_id', '=', cardId)
    .where('kind', '=', kind)
    .where('state', 'in', LIVE)
    .orderBy('created_at', 'desc')
    .executeTakeFirst()) ?? null

export const markCode = async (
  trx: OperationalTransaction,
  code: StoredCode,
  state: SecretCodeState,
  at: number,
): Promise<void> => {
  const done = await trx
    .updateTable('secret_code')
    .set((eb) => ({ state, version: eb('version', '+', 1), updated_at: at }))
    .where('id', '=', code.id)
    .where('state', '=', code.state)
    .executeTakeFirst()
  assertMet(done)
}

/** The row stays as a fact; what could open it is gone. */
export const destroyCode = async (trx: OperationalTransaction, code: StoredCode, at: number): Promise<void> => {
  const done = await trx
    .updateTable('secret_code')
    .set((eb) => ({
      state: 'destroyed',
      wrapped_data_key: null,
      nonce: null,
      ciphertext: null,
      tag: null,
      version: eb('version', '+', 1),
      updated_at: at,
    }))
    .where('id', '=', code.id)
    .where('state', '=', code.state)
    .executeTakeFirst()
  assertMet(done)
}
