import { join } from 'node:path'
import electronLog from 'electron-log/node.js'
import type { Log } from '../services/ports.ts'
import { ensurePrivateFolder } from './files.ts'

const FILE_MAX_BYTES = 5_000_000
/** Field names whose values are never written, whoever passes them. */
const SECRET_FIELD = /pin|puk|secret|sealed|token|key|password|proof|authorization/i
const DEPTH_MAX = 5

/**
 * A log file with one rotation (`desk.log`, `desk.old.log`), one JSON line per event. In plain Node and in Electron
 * alike; nothing goes to a console or over the network.
 */
export function openLog(folder: string): Log & { readonly file: string } {
  const file = join(ensurePrivateFolder(folder), 'desk.log')
  const logger = electronLog.create({ logId: `desk-${file}` })
  logger.transports.console.level = false
  logger.transports.file.resolvePathFn = () => file
  logger.transports.file.maxSize = FILE_MAX_BYTES
  logger.transports.file.format = '{text}'
  logger.transports.file.writeOptions = { mode: 0o600, flag: 'a', encoding: 'utf8' }
  const write =
    (level: 'info' | 'warn' | 'error') =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
      logger[level](JSON.stringify({ time: new Date().toISOString(), level, event, ...(redact(fields, 0) as object) }))
  return { file, info: write('info'), warn: write('warn'), error: write('error') }
}

/** A log that keeps nothing: for tests and for programs that bring their own. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} }

/** What may be written: errors as code and stack, secrets by name left out, bytes as their length. */
export function redact(value: unknown, depth: number): unknown {
  if (depth > DEPTH_MAX) return '…'
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value instanceof Error) {
    const { name, message, stack, cause } = value
    const code = 'code' in value ? value.code : undefined
    const detail = 'detail' in value ? redact(value.detail, depth + 1) : undefined
    return {
      name,
      code,
      message: message.slice(0, 500),
      detail,
      stack: stack?.slice(0, 3000),
      cause: cause && redact(cause, depth + 1),
    }
  }
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => redact(item, depth + 1))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name,
        SECRET_FIELD.test(name) ? '(left out)' : redact(inner, depth + 1),
      ]),
    )
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  return typeof value === 'string' ? value.slice(0, 2000) : value
}
