import { AsyncLocalStorage } from 'node:async_hooks'
import { AppError } from '../../../shared/contract/errors.ts'

/** Which databases the running asynchronous call holds a transaction on; each database is named by its own object. */
const open = new AsyncLocalStorage<ReadonlySet<object>>()

/** Runs `body` marked as being inside a transaction of `database`. */
export const runInsideTransaction = <T>(database: object, body: () => Promise<T>): Promise<T> =>
  open.run(new Set([...(open.getStore() ?? []), database]), body)

export const isInsideTransaction = (database: object): boolean => open.getStore()?.has(database) ?? false

/**
 * On SQLite there is one connection: asking for a second one from inside a transaction would wait for ever, and on
 * PostgreSQL it would read without the transaction's changes. Both are programming errors, told at once.
 */
export const refuseInsideTransaction = (database: object): void => {
  if (isInsideTransaction(database)) throw new AppError('INTERNAL', { reason: 'db-used-inside-transaction' })
}
