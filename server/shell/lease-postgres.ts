import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import { AppError } from '../../shared/contract/errors.ts'
import { translatePostgresError } from '../db/dialects/errors.ts'
import type { Lease } from './lease-file.ts'

/** First of the two numbers of our advisory locks: `audi` in ASCII. */
const CLASS = 0x61756469
const AGAIN_MS = 5000

/** Second of the two: a chain's own, of 32 bits. Two names that share it keep each other out, and harm nothing. */
const lockOf = (chain: string): number => createHash('sha256').update(chain).digest().readInt32BE()

const connect = async (connectionString: string): Promise<Client> => {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString, application_name: 'countersign lease', keepAlive: true })
  // Without a listener a lost connection would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return client
  } catch (error) {
    throw translatePostgresError(error)
  }
}

const tryLock = async (client: Client, chain: string): Promise<boolean> => {
  const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1, $2) as held', [
    CLASS,
    lockOf(chain),
  ])
  return rows[0]?.held === true
}

/**
 * An advisory lock of a session of its own: gone with the process or the connection, whichever ends first. After a lost
 * connection it is asked for again until it is held; until then the chain's UNIQUE constraints alone keep a second
 * writer out. The connection must be a session's own, not a pooled one. Throws CONFIG_INVALID (`in-use`), DATABASE_*.
 */
export const takePostgresLease = async (connectionString: string, chain: string): Promise<Lease> => {
  let isReleased = false
  let client = await connect(connectionString)
  let timer: NodeJS.Timeout | null = null
  const hold = (): void => {
    client.once('end', () => {
      if (!isReleased) timer = setTimeout(() => void again(), AGAIN_MS).unref()
    })
  }
  const again = async (): Promise<void> => {
    const next = await connect(connectionString).catch(() => null)
    if (isReleased) return void next?.end()
    const isHeld = next !== null && (await tryLock(next, chain).catch(() => false))
    if (next !== null && isHeld) {
      client = next
      return hold()
    }
    await next?.end().catch(() => undefined)
    timer = setTimeout(() => void again(), AGAIN_MS).unref()
  }
  if (!(await tryLock(client, chain))) {
    await client.end()
    throw new AppError('CONFIG_INVALID', { reason: 'in-use' })
  }
  hold()
  return {
    release: () => {
      isReleased = true
      if (timer) clearTimeout(timer)
      // A connection that cannot be ended in order is gone, and its lock with it.
      void client.end().catch(() => undefined)
    },
  }
}

/** Whether somebody has the lock. Throws DATABASE_*. */
export const isPostgresLeaseHeld = async (connectionString: string, chain: string): Promise<boolean> => {
  const client = await connect(connectionString)
  try {
    // A lock with two numbers is shown with objsubid 2, and belongs to one database.
    const { rowCount } = await client.query(
      `select 1 from pg_locks where locktype = 'advisory' and objsubid = 2 and granted
         and classid::bigint = $1 and objid::bigint = $2
         and database = (select oid from pg_database where datname = current_database())`,
      [CLASS, lockOf(chain) >>> 0],
    )
    return rowCount !== null && rowCount > 0
  } finally {
    await client.end()
  }
}
