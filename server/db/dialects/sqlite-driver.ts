import type Database from 'better-sqlite3'
import { CompiledQuery } from 'kysely'
import type { DatabaseConnection, Driver, QueryResult } from 'kysely'
import { AppError } from '../../../shared/contract/errors.ts'
import { registerDirectRead } from './direct-read.ts'
import { translateSqliteError } from './errors.ts'
import { rowsOf } from './many-rows.ts'
import { StatementCache } from './statement-cache.ts'
import { refuseInsideTransaction } from './transaction-scope.ts'

export const translated = <T>(body: () => T): T => {
  try {
    return body()
  } catch (error) {
    throw translateSqliteError(error)
  }
}

/** Transactions that become durable in one commit: each can be undone alone, none is told before all are on the disk. */
interface Group {
  members: number
  readonly openedAt: number
  readonly done: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

/**
 * A group is committed when nobody waits, after so many members, or when it is this old: nobody waits long for others,
 * and of many who write all the time one half is told while the other half writes.
 */
const GROUP_MAX = 32
const GROUP_MS = 15

const newGroup = (): Group => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // Members hear of it; a group whose members all rolled back has nobody to tell.
  promise.catch(() => undefined)
  return { members: 0, openedAt: performance.now(), done: promise, resolve, reject }
}

/** One holding of the only connection, from acquire to release. */
class Holding implements DatabaseConnection {
  readonly #driver: SqliteDriver
  isInTransaction = false
  /** The first of its group has no savepoint: while it writes there is nothing of anybody else to keep. */
  hasSavepoint = false
  isReleased = false

  constructor(driver: SqliteDriver) {
    this.#driver = driver
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.#driver.execute<R>(this, query)
  }

  async *streamQuery<R>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    // The whole result at once: an open cursor would hold the only connection. Long walks are paged by key.
    yield await this.executeQuery<R>(CompiledQuery.raw(sql, [...parameters]))
  }
}

/**
 * One connection per process behind a first-come lock; SQLite writes one at a time in any case. BEGIN IMMEDIATE takes
 * the write lock at once, so that a second process is met at the start of a transaction and never in its middle.
 *
 * Writers that wait for each other share a commit: writing to the disk costs more than most of what they write. Each
 * is undone alone when it fails, by a savepoint where others wrote before it; a commit that fails fails all of them.
 * What reads outside a transaction never sees what is not committed: the group is committed before. A database opened
 * for reading takes a plain BEGIN: a snapshot that writers do not wait for.
 */
export class SqliteDriver implements Driver {
  readonly #database: Database.Database
  readonly #token: object
  readonly #statements: StatementCache
  readonly #waiting: (() => void)[] = []
  #isHeld = false
  #group: Group | null = null
  /** Ends what the look-ups of this turn of the event loop read in; null while none is open. */
  #snapshot: NodeJS.Immediate | null = null

  constructor(database: Database.Database, token: object) {
    this.#database = database
    this.#token = token
    this.#statements = new StatementCache(database)
    registerDirectRead(token, (sql, parameters) => this.#readNow(sql, parameters))
  }

  async init(): Promise<void> {
    return Promise.resolve()
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    refuseInsideTransaction(this.#token)
    await this.#take()
    return new Holding(this)
  }

  /** Runs a statement. Outside a transaction what was written before is committed first. */
  execute<R>(holding: Holding, query: CompiledQuery): QueryResult<R> {
    const { sql, parameters } = query
    if (holding.isInTransaction) this.#assertStillOpen()
    else this.#settleBefore()
    try {
      const statement = this.#statements.prepare(sql)
      const many = rowsOf(query)
      if (many) {
        // One by one: of an array each value is looked up as an object's member.
        for (const row of many) statement.run(...row)
        return { numAffectedRows: BigInt(many.length), rows: [] }
      }
      if (statement.reader) return { rows: statement.all(...parameters) as R[] }
      const { changes, lastInsertRowid } = statement.run(...parameters)
      return { numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid), rows: [] }
    } catch (error) {
      const known = translateSqliteError(error)
      // A full disk makes SQLite undo the whole transaction by itself, and with it every member.
      if (this.#group && !this.#database.inTransaction) this.#fail(known)
      throw known
    }
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const holding = connection as Holding
    if (!this.#group) this.#undoLeft()
    if (this.#database.readonly) this.#run('begin')
    else {
      holding.hasSavepoint = this.#group !== null
      if (this.#group) this.#run('savepoint member')
      else {
        this.#run('begin immediate')
        this.#group = newGroup()
      }
    }
    holding.isInTransaction = true
    return Promise.resolve()
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const holding = connection as Holding
    this.#assertStillOpen()
    const group = this.#group
    if (!group) {
      this.#run('commit')
      holding.isInTransaction = false
      return
    }
    if (holding.hasSavepoint) this.#run('release member')
    holding.isInTransaction = false
    group.members += 1
    const isFull = group.members >= GROUP_MAX || performance.now() - group.openedAt >= GROUP_MS
    if (isFull || this.#waiting.length === 0) this.#commit()
    this.#release(holding)
    await group.done
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const holding = connection as Holding
    if (!holding.isInTransaction) return
    holding.isInTransaction = false
    // Where SQLite undid it by itself a second rollback would hide the first error.
    if (!this.#database.inTransaction) return
    if (this.#group && holding.hasSavepoint) {
      this.#run('rollback to member')
      this.#run('release member')
    } else {
      this.#group = null
      this.#run('rollback')
    }
    return Promise.resolve()
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    this.#release(connection as Holding)
    return Promise.resolve()
  }

  async destroy(): Promise<void> {
    await this.#take()
    if (this.#group) this.#commit()
    this.#statements.clear()
    this.#database.close()
    this.#next()
  }

  /**
   * Synchronous, so nobody comes between; a transaction of someone else is never read into. Look-ups of one turn of the
   * event loop share a snapshot: taking and giving back the lock on one costs more than the look-up. It ends before
   * anything is written here; what another process commits is seen in the next turn.
   */
  #readNow(sql: string, parameters: readonly unknown[]): readonly unknown[] | null {
    refuseInsideTransaction(this.#token)
    if (this.#isHeld) return null
    if (!this.#snapshot) {
      // Something that could not be undone: whoever waits their turn undoes it first.
      if (this.#database.inTransaction) return null
      this.#run('begin')
      this.#snapshot = setImmediate(() => this.#endSnapshot())
    }
    return translated(() => this.#statements.prepare(sql).all(...parameters))
  }

  #endSnapshot(): void {
    if (!this.#snapshot) return
    clearImmediate(this.#snapshot)
    this.#snapshot = null
    // SQLite ends it by itself after some errors.
    if (this.#database.inTransaction) this.#run('commit')
  }

  #run(sql: string): void {
    translated(() => this.#statements.prepare(sql).run())
  }

  async #take(): Promise<void> {
    if (!this.#isHeld) {
      this.#endSnapshot()
      this.#isHeld = true
      return
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  #next(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#isHeld = false
  }

  #release(holding: Holding): void {
    if (holding.isReleased) return
    holding.isReleased = true
    try {
      if (this.#group && this.#waiting.length === 0) this.#commit()
    } finally {
      this.#next()
    }
  }

  #commit(): void {
    const group = this.#group
    this.#group = null
    if (!group) return
    try {
      this.#run(group.members > 0 ? 'commit' : 'rollback')
      group.resolve()
    } catch (error) {
      // First: whatever becomes of the undoing, none of the members is left waiting.
      group.reject(error)
      this.#undoLeft()
    }
  }

  /** Outside a transaction: nothing of another's is open any more when this returns. */
  #settleBefore(): void {
    if (this.#group) this.#commit()
    else this.#undoLeft()
  }

  /** What could not be undone when its commit failed must not be what the next statement becomes a part of. */
  #undoLeft(): void {
    if (this.#database.inTransaction) this.#run('rollback')
  }

  /**
   * A full disk makes SQLite undo a whole transaction by itself. Whoever caught that error and goes on would write the
   * rest, each statement durable by itself, without what came before.
   */
  #assertStillOpen(): void {
    if (!this.#database.inTransaction) throw new AppError('DATABASE_UNAVAILABLE', { reason: 'transaction-undone' })
  }

  #fail(error: unknown): void {
    this.#group?.reject(error)
    this.#group = null
  }
}
