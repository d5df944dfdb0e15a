import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '../../shared/contract/errors.ts'
import type { ServerConfig } from '../config.ts'

export interface Lease {
  release(): void
}

export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const holderOf = (file: string): number | null => {
  if (!existsSync(file)) return null
  const pid = Number(readFileSync(file, 'utf8'))
  return Number.isSafeInteger(pid) && pid > 0 ? pid : null
}

const leaseFile = (config: ServerConfig): string | null => {
  const { audit } = config.databases
  return audit.kind === 'sqlite' ? `${audit.file}.${config.name}.lease` : null
}

/** Whether another process has the chain in hand; false where no lease says (PostgreSQL). */
export const isHeldByAnother = (config: ServerConfig): boolean => {
  const file = leaseFile(config)
  const holder = file === null ? null : holderOf(file)
  return holder !== null && holder !== process.pid && isRunning(holder)
}

/**
 * One process per chain: whoever writes it holds the lease. A file beside the audit database (SQLite), named after the
 * chain, with the holder's process id; one left by a killed process is taken over. Throws CONFIG_INVALID (`in-use`, the process id).
 * On PostgreSQL the chain's own UNIQUE constraints stop a second writer; there is no file.
 */
export const takeLease = (config: ServerConfig): Lease => {
  const file = leaseFile(config)
  if (file === null) return { release: () => undefined }
  const holder = holderOf(file)
  if (holder !== null && holder !== process.pid && isRunning(holder))
    throw new AppError('CONFIG_INVALID', { reason: 'in-use', pid: holder })
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  rmSync(file, { force: true })
  let descriptor: number
  try {
    descriptor = openSync(file, 'wx', 0o600)
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { reason: 'in-use' }, { cause })
  }
  writeSync(descriptor, String(process.pid))
  closeSync(descriptor)
  return {
    release: () => {
      if (holderOf(file) === process.pid) rmSync(file, { force: true })
    },
  }
}
