import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import type { DatabaseConfig, ServerConfig } from '../config.ts'
import { databaseLocation } from '../config.ts'
import type { OwnChanges } from '../jobs/own-changes.ts'

/** The machine's account a process runs as. */
export const systemAccount = (): string => {
  try {
    return userInfo().username
  } catch {
    // An id without a name, as in some containers.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

/** Who logs in where; of a connection string never more than user, host and database. */
const loginOf = (database: DatabaseConfig): { readonly account: string; readonly host: string } => {
  const location = databaseLocation(database)
  if (location.dialect === 'sqlite') return { account: systemAccount(), host: hostname() }
  try {
    const url = new URL(location.connectionString)
    return { account: decodeURIComponent(url.username) || systemAccount(), host: url.hostname || 'local socket' }
  } catch {
    // Another form of connection string is not read, and not shown.
    return { account: 'unknown', host: 'unknown' }
  }
}

/** The server's own logins to its databases, as administrator access: when it starts and when it ends. */
export class DatabaseAccess {
  readonly #own: OwnChanges
  readonly #config: ServerConfig
  readonly #correlationId = randomUUID()

  constructor(own: OwnChanges, config: ServerConfig) {
    this.#own = own
    this.#config = config
  }

  begin(): Promise<void> {
    return this.#tell('Login')
  }

  end(): Promise<void> {
    return this.#tell('Logout')
  }

  async #tell(action: 'Login' | 'Logout'): Promise<void> {
    const { databases, name } = this.#config
    await this.#own.run(this.#correlationId, async (_trx, tell) => {
      for (const database of ['operational', 'audit'] as const) {
        const { account, host } = loginOf(databases[database])
        const after = { name: `${database} database · ${account}`, kind: 'database', account, host, database }
        await tell({ action, object: { type: 'server', id: name }, after })
      }
    })
  }
}
