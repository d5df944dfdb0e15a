import { AppError } from '../../../shared/contract/errors.ts'
import type { OperationalDatabase, OperationalTransaction } from '../schema.ts'

export interface IdempotencyRef {
  readonly key: string
  readonly operator: string
  readonly route: string
  readonly requestHash: string
}

const KEPT_MS = 7 * 24 * 3_600_000

/** The answer kept under a key, or null. Throws REQUEST_IDEMPOTENCY_REUSED when the key was used for another request. */
export const findStoredAnswer = async (
  db: OperationalDatabase | OperationalTransaction,
  ref: IdempotencyRef,
): Promise<string | null> => {
  const row = await db
    .selectFrom('idempotency_key')
    .select(['request_hash', 'body'])
    .where('key', '=', ref.key)
    .where('operator', '=', ref.operator)
    .where('route', '=', ref.route)
    .executeTakeFirst()
  if (!row) return null
  if (row.request_hash !== ref.requestHash) throw new AppError('REQUEST_IDEMPOTENCY_REUSED')
  return row.body
}

/** Keeps the answer in the transaction of the change it tells of. Throws REQUEST_CONFLICT when the key is taken. */
export const storeAnswer = async (
  trx: OperationalTransaction,
  answer: IdempotencyRef & { readonly tenant: string; readonly body: string; readonly at: number },
): Promise<void> => {
  await trx
    .insertInto('idempotency_key')
    .values({
      key: answer.key,
      operator: answer.operator,
      route: answer.route,
      tenant: answer.tenant,
      request_hash: answer.requestHash,
      status: 200,
      body: answer.body,
      headers: null,
      created_at: answer.at,
      expires_at: answer.at + KEPT_MS,
    })
    .execute()
}

export const forgetExpiredAnswers = async (db: OperationalDatabase, now: number): Promise<void> => {
  await db.deleteFrom('idempotency_key').where('expires_at', '<', now).execute()
}
