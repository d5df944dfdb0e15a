import Database from 'better-sqlite3'
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { Dialect } from 'kysely'
import { registerManyRows } from './many-rows.ts'
import { SqliteDriver, translated } from './sqlite-driver.ts'

/** The driver holds the lock itself, where it can tell a caller that would wait for its own transaction. */
class LockingAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

/** `token` names the database in the transaction scope. The dialect owns `database` and closes it on destroy. */
export const sqliteDialect = (database: Database.Database, token: object): Dialect => ({
  createDriver: () => new SqliteDriver(database, token),
  createQueryCompiler: () => new SqliteQueryCompiler(),
  createAdapter: () => {
    const adapter = new LockingAdapter()
    registerManyRows(adapter)
    return adapter
  },
  createIntrospector: (db) => new SqliteIntrospector(db),
})

export interface SqliteOpening {
  readonly file: string
  readonly mustExist: boolean
  readonly readonly?: boolean
  /** How long a statement waits for another process's lock before DATABASE_BUSY. */
  readonly busyTimeoutMs?: number
  /**
   * Pages of log before who commits copies them into the database, and everybody waits: what is written again and again
   * meanwhile is copied once. 16 MB when left out, four times SQLite's own.
   */
  readonly logPages?: number
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
        database.pragma(`wal_autocheckpoint = ${opening.logPages ?? 4000}`)
        // What is deleted inside a page is zeroed: an erased payload must not be readable in the file.
        database.pragma('secure_delete = FAST')
      }
      database.pragma('foreign_keys = ON')
      database.pragma('trusted_schema = OFF')
      database.pragma('temp_store = MEMORY')
      // Who only reads walks long stretches once: what it keeps of them is room for nothing.
      database.pragma(`cache_size = ${opening.readonly ? -4000 : -16_000}`)
    } catch (error) {
      database.close()
      throw error
    }
    return database
  })
