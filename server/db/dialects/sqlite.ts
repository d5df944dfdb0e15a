import Database from 'better-sqlite3'
import { CompiledQuery, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely'
import { registerDirectRead } from './direct-read.ts'
import { translateSqliteError } from './errors.ts'
import { StatementCache } from './statement-cache.ts'
import { refuseInsideTransaction } from './transaction-scope.ts'

const translated = <T>(body: () => T): T => {
  try {
    return body()
  } catch (error) {
    throw translateSqliteError(error)
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #statements: StatementCache

  constructor(statements: StatementCache) {
    this.#statements = statements
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    return translated(() => {
      const statement = this.#statements.prepare(sql)
      if (statement.reader) return { rows: statement.all(...parameters) as R[] }
      const { changes, lastInsertRowid } = statement.run(...parameters)
      return { numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid), rows: [] }
    })
  }

  async *streamQuery<R>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    // The whole result at once: an open cursor would hold the only connection. Long walks are paged by key.
    yield await this.executeQuery<R>(CompiledQuery.raw(sql, [...parameters]))
  }
}

/**
 * One connection per process behind a first-come lock; SQLite writes one at a time in any case. BEGIN IMMEDIATE takes
 * the write lock at once, so that a second process is met at the start of a transaction and never in its middle. A
 * database opened for reading takes a plain BEGIN: a snapshot that writers do not wait for.
 */
class SqliteDriver implements Driver {
  readonly #database: Database.Database
  readonly #token: object
  readonly #statements: StatementCache
  readonly #connection: SqliteConnection
  #tail: Promise<void> = Promise.resolve()
  /** Who holds the connection or waits for it. */
  #taken = 0
  #release: (() => void) | undefined

  constructor(database: Database.Database, token: object) {
    this.#database = database
    this.#token = token
    this.#statements = new StatementCache(database)
    this.#connection = new SqliteConnection(this.#statements)
    registerDirectRead(token, (sql, parameters) => this.#readNow(sql, parameters))
  }

  async init(): Promise<void> {
    return Promise.resolve()
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    refuseInsideTransaction(this.#token)
    const before = this.#tail
    let release = (): void => undefined
    this.#tail = new Promise((resolve) => {
      release = resolve
    })
    this.#taken += 1
    await before
    this.#release = release
    return this.#connection
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(this.#database.readonly ? 'begin' : 'begin immediate'))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // A full disk makes SQLite roll back by itself; a second rollback would hide the first error.
    if (this.#database.inTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async releaseConnection(): Promise<void> {
    const release = this.#release
    this.#release = undefined
    if (release) this.#taken -= 1
    release?.()
    return Promise.resolve()
  }

  /** Synchronous, so nobody comes between; a transaction of someone else is never read into. */
  #readNow(sql: string, parameters: readonly unknown[]): readonly unknown[] | null {
    refuseInsideTransaction(this.#token)
    if (this.#taken > 0) return null
    return translated(() => this.#statements.prepare(sql).all(...parameters))
  }

  async destroy(): Promise<void> {
    await this.#tail
    this.#statements.clear()
    this.#database.close()
  }
}

/** The driver above holds the lock itself, where it can tell a caller that would wait for its own transaction. */
class LockingAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

/** `token` names the database in the transaction scope. The dialect owns `database` and closes it on destroy. */
export const sqliteDialect = (database: Database.Database, token: object): Dialect => ({
  createDriver: () => new SqliteDriver(database, token),
  createQueryCompiler: () => new SqliteQueryCompiler(),
  createAdapter: () => new LockingAdapter(),
  createIntrospector: (db) => new SqliteIntrospector(db),
})

export interface SqliteOpening {
  readonly file: string
  readonly mustExist: boolean
  readonly readonly?: boolean
  /** How long a statement waits for another process's lock before DATABASE_BUSY. */
  readonly busyTimeoutMs?: number
}

/**
 * Opens the file in WAL with synchronous FULL: a committed transaction survives loss of power. Foreign keys are on.
 * Throws DATABASE_UNAVAILABLE when it cannot be opened or is no database, DATABASE_BUSY while it is locked.
 */
export const openSqliteFile = (opening: SqliteOpening): Database.Database =>
  translated(() => {
    const database = new Database(opening.file, {
      fileMustExist: opening.mustExist,
      readonly: opening.readonly ?? false,
      timeout: opening.busyTimeoutMs ?? 2000,
    })
    try {
      if (!opening.readonly) {
        database.pragma('journal_mode = WAL')
        database.pragma('synchronous = FULL')
      }
      database.pragma('foreign_keys = ON')
      database.pragma('trusted_schema = OFF')
      database.pragma('temp_store = MEMORY')
      database.pragma('cache_size = -16000')
    } catch (error) {
      database.close()
      throw error
    }
    return database
  })
