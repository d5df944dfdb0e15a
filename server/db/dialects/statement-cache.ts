import type Database from 'better-sqlite3'

const CAPACITY = 500

/** Prepared statements by their SQL, the least recently used thrown out first: preparing costs more than most reads. */
export class StatementCache {
  readonly #database: Database.Database
  readonly #statements = new Map<string, Database.Statement>()

  constructor(database: Database.Database) {
    this.#database = database
  }

  prepare(sql: string): Database.Statement {
    const known = this.#statements.get(sql)
    if (known) {
      this.#statements.delete(sql)
      this.#statements.set(sql, known)
      return known
    }
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    if (this.#statements.size > CAPACITY) {
      const oldest = this.#statements.keys().next()
      if (!oldest.done) this.#statements.delete(oldest.value)
    }
    return statement
  }

  clear(): void {
    this.#statements.clear()
  }
}
