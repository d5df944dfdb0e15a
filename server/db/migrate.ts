import { createHash } from 'node:crypto'
import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import { AppError } from '../../shared/contract/errors.ts'
import type { DialectName, Migration } from './migrations/index.ts'
import { inTransaction } from './transaction.ts'

interface MigrationDb {
  migration: { id: string; checksum: string; applied_at: number }
}

interface Planned {
  readonly id: string
  readonly checksum: string
  readonly queries: readonly CompiledQuery[]
}

const plan = (db: Kysely<unknown>, migration: Migration, dialect: DialectName): Planned => {
  const queries = migration.statements(db, dialect).map((statement: Compilable) => statement.compile())
  const hash = createHash('sha256')
  for (const { sql, parameters } of queries) hash.update(JSON.stringify([sql, parameters]))
  return { id: migration.id, checksum: hash.digest('hex'), queries }
}

/** A database written by a newer program, or by a changed history, is not touched. */
const assertKnown = (applied: readonly MigrationDb['migration'][], planned: readonly Planned[]): void => {
  for (const [place, row] of applied.entries()) {
    const ours = planned[place]
    if (!ours || ours.id !== row.id) throw new AppError('CONFIG_INVALID', { reason: 'migration-unknown', id: row.id })
    if (ours.checksum !== row.checksum)
      throw new AppError('CONFIG_INVALID', { reason: 'migration-changed', id: row.id })
  }
}

/** Throws CONFIG_INVALID unless the database has exactly the form of this program (`migration-missing` and as `migrate`). */
export const assertMigrated = async (
  database: Kysely<never>,
  migrations: readonly Migration[],
  dialect: DialectName,
): Promise<void> => {
  const db = database as unknown as Kysely<MigrationDb>
  const planned = migrations.map((migration) => plan(db as unknown as Kysely<unknown>, migration, dialect))
  const known = await db.selectFrom('migration').selectAll().orderBy('id').execute()
  assertKnown(known, planned)
  const missing = planned[known.length]
  if (missing) throw new AppError('CONFIG_INVALID', { reason: 'migration-missing', id: missing.id })
}

export interface MigrationResult {
  readonly applied: readonly string[]
}

/**
 * Brings a database to the newest form: each migration in a transaction of its own with the row that says so, in the
 * list's order. `beforeChange` runs once before the first change to a database that already holds something (the
 * backup). Durable when it returns. Throws CONFIG_INVALID (`migration-unknown`, `migration-changed`) and touches
 * nothing when the database knows migrations this program does not.
 */
export const migrate = async (
  database: Kysely<never>,
  migrations: readonly Migration[],
  dialect: DialectName,
  beforeChange: (firstMissing: string) => Promise<void> = () => Promise.resolve(),
): Promise<MigrationResult> => {
  const db = database as unknown as Kysely<MigrationDb>
  const planned = migrations.map((migration) => plan(db as unknown as Kysely<unknown>, migration, dialect))
  await db.schema
    .createTable('migration')
    .ifNotExists()
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('checksum', 'text', (column) => column.notNull())
    .addColumn('applied_at', dialect === 'sqlite' ? 'integer' : 'bigint', (column) => column.notNull())
    .execute()
  const known = await db.selectFrom('migration').selectAll().orderBy('id').execute()
  assertKnown(known, planned)
  const missing = planned.slice(known.length)
  if (missing[0] && known.length > 0) await beforeChange(missing[0].id)
  for (const step of missing) {
    await inTransaction(db, async (trx) => {
      // Two processes started at once: whoever comes second meets the primary key and rolls back whole.
      await trx
        .insertInto('migration')
        .values({ id: step.id, checksum: step.checksum, applied_at: Date.now() })
        .execute()
      for (const query of step.queries) await trx.executeQuery(query)
    })
  }
  return { applied: missing.map((step) => step.id) }
}
