import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { AppError } from '../../shared/contract/index.ts'
import type { Log } from '../services/ports.ts'
import { ensurePrivateFolder } from '../system/files.ts'
import { type KeySeal, readStoreKey } from './crypto.ts'
import { MIGRATIONS } from './migrations.ts'
import { SqliteStore } from './sqlite-store.ts'

const DAMAGED = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_IOERR_SHORT_READ'])

/**
 * Opens the desk's store in `folder`, making it where there is none. A damaged file, or a store whose key is lost, is
 * moved aside with its journal (kept for who wants to look) and a new one begun: the desk starts, `recovered` says so.
 * Throws STORE_UNREADABLE where the file is of a newer version: an old program must not touch it.
 */
export function openStore(folder: string, seal: KeySeal, log: Log): SqliteStore {
  ensurePrivateFolder(folder)
  const file = join(folder, 'desk.sqlite')
  const keyFile = join(folder, 'store.key')
  const recoveredKey = moveAsideIf(() => void readStoreKey(keyFile, seal).fill(0), [keyFile], log)
  let recovered = recoveredKey
  let db: Database.Database | null = null
  const open = () => {
    db = new Database(file)
    prepare(db)
  }
  const files = [file, `${file}-wal`, `${file}-shm`]
  if (moveAsideIf(open, files, log, () => db?.close())) {
    recovered = true
    open()
  }
  return new SqliteStore(db!, readStoreKey(keyFile, seal), recovered, log)
}

function prepare(db: Database.Database): void {
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('secure_delete = ON')
  const check = db.pragma('quick_check', { simple: true })
  if (check !== 'ok') throw new AppError('STORE_UNREADABLE', { reason: 'damaged' })
  const version = Number(db.pragma('user_version', { simple: true }))
  if (version > MIGRATIONS.length) throw new AppError('STORE_UNREADABLE', { reason: 'newer', version })
  db.transaction(() => {
    for (const sql of MIGRATIONS.slice(version)) db.exec(sql)
    db.pragma(`user_version = ${MIGRATIONS.length}`)
  })()
}

/** Runs `attempt`; true when what it needs was damaged and now lies aside under another name. */
function moveAsideIf(
  attempt: () => void,
  files: readonly string[],
  log: Log,
  release: () => unknown = () => null,
): boolean {
  try {
    attempt()
    return false
  } catch (error) {
    if (!isDamaged(error)) throw error
    release()
    const suffix = `.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`
    for (const file of files) if (existsSync(file)) renameSync(file, file + suffix)
    log.error('store.moved-aside', { files: files[0], suffix, error })
    return true
  }
}

function isDamaged(error: unknown): boolean {
  if (error instanceof AppError) return error.code === 'STORE_UNREADABLE' && error.detail['reason'] !== 'newer'
  return error instanceof Database.SqliteError && DAMAGED.has(error.code)
}
