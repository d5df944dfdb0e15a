import { databaseLocation, type ServerConfig } from '../config.ts'
import { isFileLeaseHeld, takeFileLease, type Lease } from './lease-file.ts'
import { isPostgresLeaseHeld, takePostgresLease } from './lease-postgres.ts'

export type { Lease } from './lease-file.ts'

const fileOf = (database: string, chain: string): string => `${database}.${chain}.lease`

/** Whether another process has the chain in hand. Throws DATABASE_* (PostgreSQL). */
export const isHeldByAnother = async (config: ServerConfig): Promise<boolean> => {
  const audit = databaseLocation(config.databases.audit)
  return audit.dialect === 'sqlite'
    ? isFileLeaseHeld(fileOf(audit.file, config.name))
    : isPostgresLeaseHeld(audit.connectionString, config.name)
}

/**
 * One process per chain: whoever writes it holds the lease. A file beside the audit database (SQLite), or an advisory
 * lock in it (PostgreSQL), named after the chain; a killed process holds neither. Throws CONFIG_INVALID (`in-use`, with
 * the process id where it is known), DATABASE_* (PostgreSQL).
 */
export const takeLease = async (config: ServerConfig): Promise<Lease> => {
  const audit = databaseLocation(config.databases.audit)
  return audit.dialect === 'sqlite'
    ? takeFileLease(fileOf(audit.file, config.name))
    : takePostgresLease(audit.connectionString, config.name)
}
