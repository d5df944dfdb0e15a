import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Kysely, sql } from 'kysely'
import { AppError } from '../../shared/contract/errors.ts'
import { openSqliteFile, sqliteDialect } from './dialects/sqlite.ts'
import { assertMigrated, migrate } from './migrate.ts'
import { AUDIT_MIGRATIONS, OPERATIONAL_MIGRATIONS } from './migrations/index.ts'
import type { DialectName, Migration } from './migrations/index.ts'
import type { AuditDb, OperationalDb } from './schema.ts'
import { registerDatabase } from './transaction.ts'

/** Where one database is: a file, or a PostgreSQL connection string (a secret: never logged). */
export type DatabaseLocation =
  | { readonly dialect: 'sqlite'; readonly file: string; readonly busyTimeoutMs?: number }
  | { readonly dialect: 'postgres'; readonly connectionString: string; readonly maxConnections?: number }

export interface DatabasesConfig {
  readonly operational: DatabaseLocation
  readonly audit: DatabaseLocation
}

/** An open database with what must be known of it. */
export interface Opened<Tables> {
  readonly db: Kysely<Tables>
  readonly dialect: DialectName
  readonly location: DatabaseLocation
  close(): Promise<void>
}
export interface Databases {
  readonly operational: Opened<OperationalDb>
  readonly audit: Opened<AuditDb>
  close(): Promise<void>
}

interface Kind {
  readonly name: 'operational' | 'audit'
  readonly migrations: readonly Migration[]
  /** See `SqliteOpening`. The audit's indexer copies its log when nobody writes: committing does it only where it may not. */
  readonly logPages: number
}
const OPERATIONAL: Kind = { name: 'operational', migrations: OPERATIONAL_MIGRATIONS, logPages: 4000 }
const AUDIT: Kind = { name: 'audit', migrations: AUDIT_MIGRATIONS, logPages: 16_000 }

const connect = async <Tables>(
  location: DatabaseLocation,
  access: { readonly mustExist: boolean; readonly readonly?: boolean; readonly logPages?: number },
): Promise<Opened<Tables>> => {
  const token = {}
  const dialect =
    location.dialect === 'sqlite'
      ? sqliteDialect(openSqliteFile({ ...location, ...access }), token)
      : await (await import('./dialects/postgres.ts')).postgresDialect(location, token)
  const db = new Kysely<Tables>({ dialect })
  registerDatabase(db, token)
  return { db, dialect: location.dialect, location, close: () => db.destroy() }
}

const hasTables = async (db: Kysely<never>): Promise<boolean> => {
  const tables = await db.introspection.getTables()
  return tables.some((table) => table.name === 'migration')
}

const missing = (kind: Kind): AppError =>
  new AppError('CONFIG_INVALID', { reason: 'database-missing', database: kind.name })

/** SQLite only: a consistent copy beside the file, before a newer form is made. PostgreSQL is backed up by its operator. */
const backUp =
  (opened: Opened<never>) =>
  async (firstMissing: string): Promise<void> => {
    if (opened.location.dialect !== 'sqlite') return
    const copy = `${opened.location.file}.before-${firstMissing}`
    if (!existsSync(copy)) await sql`vacuum into ${copy}`.execute(opened.db)
  }

/**
 * SQLite sorts the rows of a new index beside the database meanwhile: in memory, as all else is, they would take as much
 * room as a chain is long.
 */
const sortingOnDisk = async (opened: Opened<never>, work: () => Promise<unknown>): Promise<void> => {
  const isFile = opened.dialect === 'sqlite'
  if (isFile) await sql`pragma temp_store = file`.execute(opened.db)
  await work()
  if (isFile) await sql`pragma temp_store = memory`.execute(opened.db)
}

const openKind = async <Tables>(kind: Kind, location: DatabaseLocation): Promise<Opened<Tables>> => {
  // The file is not made by opening it: a wrong path must not start a second, empty chain.
  if (location.dialect === 'sqlite' && !existsSync(location.file)) throw missing(kind)
  const opened = await connect<Tables>(location, { mustExist: true, logPages: kind.logPages })
  const untyped = opened as unknown as Opened<never>
  try {
    if (!(await hasTables(untyped.db))) throw missing(kind)
    await sortingOnDisk(untyped, () => migrate(untyped.db, kind.migrations, opened.dialect, backUp(untyped)))
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}

const createKind = async (kind: Kind, location: DatabaseLocation): Promise<void> => {
  const taken = new AppError('CONFIG_INVALID', { reason: 'database-exists', database: kind.name })
  if (location.dialect === 'sqlite') {
    if (existsSync(location.file)) throw taken
    mkdirSync(dirname(resolve(location.file)), { recursive: true, mode: 0o700 })
  }
  const opened = await connect<never>(location, { mustExist: false })
  try {
    if (await hasTables(opened.db)) throw taken
    await migrate(opened.db, kind.migrations, opened.dialect)
  } finally {
    await opened.close()
  }
}

const assertApart = ({ operational, audit }: DatabasesConfig): void => {
  const same =
    operational.dialect === 'sqlite' && audit.dialect === 'sqlite'
      ? resolve(operational.file) === resolve(audit.file)
      : operational.dialect === 'postgres' &&
        audit.dialect === 'postgres' &&
        operational.connectionString === audit.connectionString
  if (same) throw new AppError('CONFIG_INVALID', { reason: 'databases-not-apart' })
}

/**
 * Makes the audit database; a deliberate act of its own, done once per installation. Durable when it returns.
 * Throws CONFIG_INVALID (`database-exists`) when there is one already.
 */
export const createAuditDatabase = (location: DatabaseLocation): Promise<void> => createKind(AUDIT, location)

/** Makes the operational database; the same rules. */
export const createOperationalDatabase = (location: DatabaseLocation): Promise<void> =>
  createKind(OPERATIONAL, location)

/** Opens the audit database alone, as the verification worker and the shell do. `readonly` refuses every write. */
export const openAuditDatabase = (location: DatabaseLocation): Promise<Opened<AuditDb>> => openKind(AUDIT, location)

/** A second, reading connection to a SQLite audit database, or another pool on PostgreSQL; migrates nothing. */
export const openAuditReader = (location: DatabaseLocation): Promise<Opened<AuditDb>> =>
  connect<AuditDb>(location, { mustExist: true, readonly: true })

/**
 * Beside a running server: what it has open, as it is. Nothing is migrated: a form other than this program's is refused
 * (CONFIG_INVALID, `migration-missing`), as is a database that is not there.
 */
const openBeside = async <Tables>(
  kind: Kind,
  location: DatabaseLocation,
  readonly: boolean,
): Promise<Opened<Tables>> => {
  if (location.dialect === 'sqlite' && !existsSync(location.file)) throw missing(kind)
  const opened = await connect<Tables>(location, { mustExist: true, readonly, logPages: kind.logPages })
  const untyped = opened as unknown as Opened<never>
  try {
    if (!(await hasTables(untyped.db))) throw missing(kind)
    await assertMigrated(untyped.db, kind.migrations, opened.dialect)
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** Beside a running server, for what is no part of a chain (runs of verifications). See `openBeside`. */
export const openAuditBeside = (location: DatabaseLocation): Promise<Opened<AuditDb>> =>
  openBeside<AuditDb>(AUDIT, location, false)

/** The operational database alone, beside whoever has it open. See `openBeside`. */
export const openOperationalBeside = (location: DatabaseLocation): Promise<Opened<OperationalDb>> =>
  openBeside<OperationalDb>(OPERATIONAL, location, false)

/** Both databases beside a running server, the audit for reading only; see `openBeside`. */
export const openDatabasesBeside = async (config: DatabasesConfig): Promise<Databases> => {
  assertApart(config)
  const operational = await openBeside<OperationalDb>(OPERATIONAL, config.operational, false)
  try {
    const audit = await openBeside<AuditDb>(AUDIT, config.audit, true)
    const close = async (): Promise<void> => {
      await operational.close()
      await audit.close()
    }
    return { operational, audit, close }
  } catch (error) {
    await operational.close()
    throw error
  }
}

/**
 * Opens both databases and brings them to the newest form (a backup of a SQLite file is made first). Throws
 * CONFIG_INVALID: `database-missing` (never makes one), `databases-not-apart`, `migration-unknown`,
 * `migration-changed`; DATABASE_UNAVAILABLE, DATABASE_BUSY.
 */
export const openDatabases = async (config: DatabasesConfig): Promise<Databases> => {
  assertApart(config)
  const operational = await openKind<OperationalDb>(OPERATIONAL, config.operational)
  try {
    const audit = await openKind<AuditDb>(AUDIT, config.audit)
    const close = async (): Promise<void> => {
      await operational.close()
      await audit.close()
    }
    return { operational, audit, close }
  } catch (error) {
    await operational.close()
    throw error
  }
}
