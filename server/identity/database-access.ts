import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { sql } from 'kysely'
import { AppError } from '../../shared/contract/errors.ts'
import { recordIntent, type AuditIntent } from '../audit/intent.ts'
import type { AuditSequencer, ChainState } from '../audit/ports.ts'
import type { DatabaseConfig, ServerConfig } from '../config.ts'
import { databaseLocation } from '../config.ts'
import { inTransaction, newId } from '../db/index.ts'
import { openAuditBeside, openOperationalBeside, type Opened } from '../db/open.ts'
import type { AuditDb, OperationalDb } from '../db/schema.ts'
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
/** Whether a database was not to be had; one that is only busy took the login. */
const isRefusal = (code: string): boolean => code.startsWith('DATABASE_') && code !== 'DATABASE_BUSY'

interface Refused {
  readonly tenant: string
  readonly database: DatabaseName
  readonly code: string
}
/** The entry of a refused login, at the time it was refused, whenever it is written. */
const refusalOf = (config: ServerConfig, { tenant, database, code }: Refused): AuditIntent => ({
  id: newId('intent'),
  at: Date.now(),
  tenant,
  operator: null,
  station: null,
  action: 'LoginFailed',
  object: { type: 'server', id: config.name },
  correlationId: randomUUID(),
  before: null,
  after: loginFields(config, database, code),
  reason: null,
})

interface Watched {
  readonly operational: Opened<OperationalDb>
  readonly sequencer: Pick<AuditSequencer, 'append' | 'settle'>
}
/** A refusal of the operational database that lasts. */
interface Refusal {
  readonly intent: AuditIntent
  /** Whether the chain has it; else it is recorded when the database is back. */
  readonly isKept: boolean
}
const LOOK_MS = 30_000

/**
 * The server's own logins to its databases, as administrator access: when it starts and ends, and each that was refused.
 * One that the operational database refuses cannot be kept there: it goes straight into the chain, or where that takes
 * nothing either into the database when it is back, with the time at which it was refused.
 */
export class DatabaseAccess {
  readonly #own: OwnChanges
  readonly #config: ServerConfig
  readonly #log: Log
  readonly #correlationId = randomUUID()
  readonly #open = new Set<DatabaseName>()
  #work: Promise<unknown> = Promise.resolve()
  #watched: Watched | null = null
  #clock: NodeJS.Timeout | null = null
  #refusal: Refusal | null = null

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

  /** Looks at the operational database each half minute from now on, until `end`. */
  watch(operational: Opened<OperationalDb>, sequencer: Watched['sequencer'], lookMs = LOOK_MS): void {
    this.#watched = { operational, sequencer }
    this.#clock = setInterval(() => this.#inBackground(() => this.#look()), lookMs)
    this.#clock.unref()
  }

  /** Told whenever the chain stops or runs: that a database is gone or refuses us, and that it took us back. */
  chainState({ state, reason }: Pick<ChainState, 'state' | 'reason'>): void {
    if (state === 'stopped' && reason === 'DATABASE_UNAVAILABLE')
      this.#inBackground(async () => {
        // The chain reads its intents from the operational one: whose refusal it was, that one says.
        await this.#look()
        if (!this.#refusal) await this.#tell('LoginFailed', ['audit'], reason)
      })
    if (state === 'running')
      this.#inBackground(async () => {
        await this.#look()
        if (!this.#refusal) await this.#tell('Login', this.#open.has('audit') ? [] : ['audit'])
      })
  }

  async end(): Promise<void> {
    if (this.#clock) clearInterval(this.#clock)
    await this.#work
    if (this.#refusal) this.#inBackground(() => this.#look())
    await this.#work
    if (this.#refusal)
      return this.#log.error({ isKept: this.#refusal.isKept }, 'the operational database is away: no logout is kept')
    await this.#tell('Logout', [...this.#open])
  }

  async #look(): Promise<void> {
    if (!this.#watched) return
    const { operational } = this.#watched
    try {
      await sql`select 1`.execute(operational.db)
    } catch (error) {
      const code = codeOf(error)
      if (isRefusal(code)) return this.#refused(this.#watched, code)
      if (code === 'DATABASE_BUSY') return
      throw error
    }
    if (this.#refusal) await this.#takenBack(this.#watched, this.#refusal)
  }

  async #refused({ sequencer }: Watched, code: string): Promise<void> {
    if (this.#refusal) return
    const intent = refusalOf(this.#config, { tenant: this.#own.tenant, database: 'operational', code })
    this.#refusal = { intent, isKept: false }
    this.#open.delete('operational')
    this.#log.error({ database: 'operational', code }, 'database login refused')
    try {
      await sequencer.append([intent])
      this.#refusal = { intent, isKept: true }
    } catch (error) {
      this.#log.warn({ code: codeOf(error) }, 'a refused login is kept when the database is back')
    }
  }

  /** An intent that the chain has after all is passed over by its id. */
  async #takenBack({ operational, sequencer }: Watched, { intent, isKept }: Refusal): Promise<void> {
    if (!isKept) {
      const recorded = await inTransaction(operational.db, (trx) => recordIntent(trx, intent, this.#config.name))
      // The chain may take nothing yet; what is recorded is drained with everything else.
      sequencer.settle([recorded.id], [recorded]).catch((error: unknown) => {
        this.#log.debug({ error: String(error) }, 'entries follow')
      })
    }
    this.#refusal = null
    await this.#tell('Login', ['operational'])
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

/** Makes an entry with the chain's writer alone; it says for which tenant. The caller holds the chain. */
export type KeepInChain = (intentOf: (tenant: string) => AuditIntent) => Promise<void>

/**
 * The server could not start because a database refused it. Of the audit database it is kept as an intent, so that it is
 * an entry at the next start; of the operational one it goes straight into the chain (`keepInChain`). Never rejects; what
 * cannot be kept is logged.
 */
export const keepRefusedStart = async (
  config: ServerConfig,
  error: unknown,
  log: Log,
  keepInChain: KeepInChain,
): Promise<void> => {
  if (!(error instanceof AppError) || !isRefusal(error.code)) return
  const { code } = error
  try {
    const operational = await openOperationalBeside(databaseLocation(config.databases.operational)).catch(
      (cause: unknown) => {
        if (!isRefusal(codeOf(cause))) throw cause
        return null
      },
    )
    if (!operational) return await keepInChain((tenant) => refusalOf(config, { tenant, database: 'operational', code }))
    try {
      const { db } = operational
      const tenant = await db.selectFrom('tenant').select('id').where('name', '=', config.tenant).executeTakeFirst()
      if (!tenant || (await isAuditThere(config))) return
      const intent = refusalOf(config, { tenant: tenant.id, database: 'audit', code })
      await inTransaction(db, (trx) => recordIntent(trx, intent, config.name))
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
