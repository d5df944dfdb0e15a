import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { sql } from 'kysely'
import { AppError } from '../../shared/contract/errors.ts'
import { recordIntent } from '../audit/intent.ts'
import type { ChainState } from '../audit/ports.ts'
import type { DatabaseConfig, ServerConfig } from '../config.ts'
import { databaseLocation } from '../config.ts'
import { inTransaction, newId } from '../db/index.ts'
import { openAuditBeside, openOperationalBeside, type Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'
import type { OwnChanges } from '../jobs/own-changes.ts'
import type { Log } from '../log/log.ts'

const UNKNOWN = { account: 'unknown', host: 'unknown' }

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
    return UNKNOWN
  }
}

type DatabaseName = 'operational' | 'audit' | 'maintenance'
type Event = 'Login' | 'LoginFailed' | 'Logout'

/** What an entry says of a login; `code` of one that was refused. */
const loginFields = ({ databases }: ServerConfig, database: DatabaseName, code?: string) => {
  const configured = database === 'maintenance' ? databases.auditMaintenance : databases[database]
  const { account, host } = configured === undefined ? UNKNOWN : loginOf(configured)
  const name = `${database} database · ${account}`
  return { name, kind: 'database', account, host, database, ...(code === undefined ? {} : { code }) }
}

const codeOf = (error: unknown): string => (error instanceof AppError ? error.code : 'INTERNAL')

/**
 * The server's own logins to its databases, as administrator access: when it starts and ends, and each that was refused
 * where the operational database can keep it.
 */
export class DatabaseAccess {
  readonly #own: OwnChanges
  readonly #config: ServerConfig
  readonly #log: Log
  readonly #correlationId = randomUUID()
  readonly #open = new Set<DatabaseName>()
  #work: Promise<unknown> = Promise.resolve()

  constructor(own: OwnChanges, config: ServerConfig, log: Log) {
    this.#own = own
    this.#config = config
    this.#log = log
  }

  async begin(): Promise<void> {
    await this.#tell('Login', ['operational', 'audit'])
  }

  /**
   * Logs in to the maintenance connection, which else would be tried when it is first needed. A refusal is kept, and
   * stops nothing: what needs the connection says that it is not there.
   */
  async maintain({ db }: Opened<AuditDb>): Promise<void> {
    try {
      await sql`select 1`.execute(db)
    } catch (error) {
      const code = codeOf(error)
      this.#log.error({ database: 'maintenance', code }, 'database login refused')
      return this.#tell('LoginFailed', ['maintenance'], code)
    }
    await this.#tell('Login', ['maintenance'])
  }

  /** Told whenever the chain stops or runs: that its database is gone or refuses us, and that it took us back. */
  chainState({ state, reason }: Pick<ChainState, 'state' | 'reason'>): void {
    if (state === 'stopped' && reason === 'DATABASE_UNAVAILABLE')
      this.#inBackground(() => this.#tell('LoginFailed', ['audit'], reason))
    if (state === 'running') this.#inBackground(() => this.#tell('Login', this.#open.has('audit') ? [] : ['audit']))
  }

  async end(): Promise<void> {
    await this.#work
    await this.#tell('Logout', [...this.#open])
  }

  #inBackground(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#log.error({ cause: String(error) }, 'a database login was not kept')
    })
  }

  async #tell(action: Event, of: readonly DatabaseName[], code?: string): Promise<void> {
    if (of.length === 0) return
    await this.#own.run(this.#correlationId, async (_trx, tell) => {
      for (const database of of) {
        const after = loginFields(this.#config, database, code)
        await tell({ action, object: { type: 'server', id: this.#config.name }, after })
      }
    })
    for (const database of of) {
      if (action === 'Login') this.#open.add(database)
      else this.#open.delete(database)
    }
  }
}

/**
 * The server could not start because the audit database refused it: kept as an intent where the operational database
 * can be opened, so that it is an entry at the next start. Never rejects; what cannot be kept is logged.
 */
export const keepRefusedStart = async (config: ServerConfig, error: unknown, log: Log): Promise<void> => {
  if (!(error instanceof AppError) || !error.code.startsWith('DATABASE_')) return
  const { code } = error
  try {
    const operational = await openOperationalBeside(databaseLocation(config.databases.operational))
    try {
      const { db } = operational
      const tenant = await db.selectFrom('tenant').select('id').where('name', '=', config.tenant).executeTakeFirst()
      if (!tenant || (await isAuditThere(config))) return
      const id = newId('intent')
      const nobody = { operator: null, station: null, before: null, reason: null }
      const about = { object: { type: 'server', id: config.name }, after: loginFields(config, 'audit', code) }
      const intent = {
        id,
        at: Date.now(),
        tenant: tenant.id,
        action: 'LoginFailed' as const,
        correlationId: randomUUID(),
      }
      await inTransaction(db, (trx) => recordIntent(trx, { ...nobody, ...about, ...intent }, config.name))
    } finally {
      await operational.close()
    }
  } catch (cause) {
    log.error({ code, cause: cause instanceof Error ? cause.stack : String(cause) }, 'a refused login was not kept')
  }
}

const isAuditThere = async ({ databases }: ServerConfig): Promise<boolean> => {
  try {
    await (await openAuditBeside(databaseLocation(databases.audit))).close()
    return true
  } catch (error) {
    return !(error instanceof AppError) || !error.code.startsWith('DATABASE_')
  }
}
