import { PostgresAdapter, PostgresDialect, PostgresDriver } from 'kysely'
import type { DatabaseConnection, Dialect, QueryResult, CompiledQuery } from 'kysely'
import { AppError } from '../../../shared/contract/errors.ts'
import { translatePostgresError } from './errors.ts'
import { refuseInsideTransaction } from './transaction-scope.ts'

const INT8 = 20

/** PostgreSQL sends bigint as text; ours are ms, sequences and versions, all below 2^53, or we refuse to guess. */
const parseInt8 = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new AppError('INTERNAL', { reason: 'bigint-out-of-range' })
  return value
}

class TranslatingConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection

  constructor(inner: DatabaseConnection) {
    this.inner = inner
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return await this.inner.executeQuery<R>(query)
    } catch (error) {
      throw translatePostgresError(error)
    }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query)
  }
}

const innerOf = (connection: DatabaseConnection): DatabaseConnection =>
  connection instanceof TranslatingConnection ? connection.inner : connection

class TranslatingDriver extends PostgresDriver {
  readonly #token: object
  readonly #wrapped = new WeakMap<DatabaseConnection, TranslatingConnection>()

  constructor(config: ConstructorParameters<typeof PostgresDriver>[0], token: object) {
    super(config)
    this.#token = token
  }

  override async acquireConnection(): ReturnType<PostgresDriver['acquireConnection']> {
    refuseInsideTransaction(this.#token)
    try {
      const inner = await super.acquireConnection()
      const known = this.#wrapped.get(inner) ?? new TranslatingConnection(inner)
      this.#wrapped.set(inner, known)
      return known as unknown as Awaited<ReturnType<PostgresDriver['acquireConnection']>>
    } catch (error) {
      throw translatePostgresError(error)
    }
  }

  override async releaseConnection(connection: Parameters<PostgresDriver['releaseConnection']>[0]): Promise<void> {
    await super.releaseConnection(innerOf(connection) as typeof connection)
  }
}

export interface PostgresOpening {
  readonly connectionString: string
  readonly maxConnections?: number
}

/**
 * The PostgreSQL twin of the SQLite dialect. `pg` is loaded only here, when it is asked for, so that an installation
 * on SQLite never touches it. Throws DATABASE_UNAVAILABLE, on first use, when the server cannot be reached.
 */
export const postgresDialect = async (opening: PostgresOpening, token: object): Promise<Dialect> => {
  const { default: pg } = await import('pg')
  const getTypeParser = (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? parseInt8 : pg.types.getTypeParser(oid, format ?? 'text')
  const pool = new pg.Pool({
    connectionString: opening.connectionString,
    max: opening.maxConnections ?? 10,
    types: { getTypeParser } as unknown as typeof pg.types,
  })
  // A connection that breaks, idle or in use, is thrown away by the pool; the query on it, or the next one, meets the
  // fault and translates it. Unheard, the event would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const config = { pool }
  const base = new PostgresDialect(config)
  return {
    createDriver: () => new TranslatingDriver(config, token),
    createQueryCompiler: () => base.createQueryCompiler(),
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => base.createIntrospector(db),
  }
}
