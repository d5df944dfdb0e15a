import type { Kysely, Transaction } from 'kysely'
import { AppError } from '../../shared/contract/errors.ts'
import { directReadOf } from './dialects/direct-read.ts'
import type { DirectRead } from './dialects/direct-read.ts'
import { isInsideTransaction, refuseInsideTransaction, runInsideTransaction } from './dialects/transaction-scope.ts'

const tokens = new WeakMap<object, object>()

/** Binds a database to the object that names it in the transaction scope; done once, where it is opened. */
export const registerDatabase = (db: object, token: object): void => {
  tokens.set(db, token)
}

/** For a look-up that is done many times a second: past the query builder's executor. Null where the dialect has none. */
export const directRead = (db: object): DirectRead | null => {
  const token = tokens.get(db)
  return token ? directReadOf(token) : null
}

/**
 * The one way to a transaction: commits what `body` did through `trx`, or nothing. Durable when it returns.
 * Inside `body` only `trx` may be used: the database itself, or a second `inTransaction` on it, throws INTERNAL
 * (`db-used-inside-transaction`) where SQLite would wait for ever. Keep `body` short: on SQLite all other work on this
 * database waits for it. Throws DATABASE_BUSY, DATABASE_UNAVAILABLE, REQUEST_CONFLICT and whatever `body` throws.
 */
export const inTransaction = async <Tables, T>(
  db: Kysely<Tables>,
  body: (trx: Transaction<Tables>) => Promise<T>,
): Promise<T> => {
  const token = tokens.get(db)
  if (!token) throw new AppError('INTERNAL', { reason: 'database-not-registered' })
  if (isInsideTransaction(token)) throw new AppError('INTERNAL', { reason: 'db-used-inside-transaction' })
  return db.transaction().execute((trx) => runInsideTransaction(token, () => body(trx)))
}

/** Throws INTERNAL (`db-used-inside-transaction`) when the caller holds a transaction on `db`: waiting would be for ever. */
export const assertOutsideTransaction = (db: object): void => {
  const token = tokens.get(db)
  if (token) refuseInsideTransaction(token)
}

/**
 * Runs `body` over one unchanging view of the database, for reading only. On SQLite open the database for reading
 * (`openAuditReader`), so that writers go on beside it.
 */
export const inSnapshot = async <Tables, T>(
  db: Kysely<Tables>,
  dialect: 'sqlite' | 'postgres',
  body: (trx: Transaction<Tables>) => Promise<T>,
): Promise<T> => {
  if (dialect === 'sqlite') return inTransaction(db, body)
  const builder = db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
  return builder.execute((trx) => runInsideTransaction(tokens.get(db) ?? db, () => body(trx)))
}
