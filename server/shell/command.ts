import { AppError, ERRORS } from '../../shared/contract/index.ts'
import type { Ground, WritingGround } from './ground.ts'

/** How the shell ends, for scripts. */
export const EXIT = {
  ok: 0,
  /** The words were wrong: no such command, an option missing or malformed, a configuration that cannot be read. */
  usage: 1,
  /** A verification found a fault. */
  fault: 2,
  /** What was asked for cannot be done as things are: not found, not possible, key store or database away. */
  refused: 3,
  /** The server runs and holds the chain. */
  busy: 4,
  internal: 70,
  /** Ended by Ctrl-C before it was done. */
  cancelled: 130,
} as const

export const OPTIONS = [
  'serial',
  'reason',
  'id',
  'chain',
  'sequence',
  'tenant',
  'from',
  'to',
  'action',
  'operator',
  'office',
  'station',
  'object-type',
  'object-id',
  'correlation-id',
  'text',
  'limit',
  'cursor',
  'depth',
  'out',
  'certificate',
  'label',
  'algorithm',
  'subject',
  'issuers',
  'file',
  'passphrase-file',
  'format',
  'level',
  'completeness',
  'language',
  'time-zone',
] as const
export const FLAGS = ['full', 'quick', 'all', 'dry-run', 'attached', 'visible', 'force'] as const
export type CommandValues = { readonly [N in (typeof OPTIONS)[number]]?: string | undefined } & {
  readonly [N in (typeof FLAGS)[number]]?: boolean | undefined
} & {
  /** Words after the command's own. */
  readonly words?: readonly string[]
}

/** What a command gives: `value` for `--json`, `text` for people; a file where it writes one. */
export interface Answer {
  readonly value: unknown
  readonly text?: string
  readonly exit?: number
}

interface Described {
  readonly summary: string
  /** Words after the name, for the usage. */
  readonly words?: string
}
/**
 * `read`: beside a running server, without the chain. `write`: writes the chain, so that the server must be stopped; one
 * that has `beside` has the running server do it, and waits for that.
 */
export type Command =
  | (Described & { readonly access: 'read'; run(ground: Ground, values: CommandValues): Promise<Answer> })
  | (Described & {
      readonly access: 'write'
      run(ground: WritingGround, values: CommandValues): Promise<Answer>
      readonly beside?: (ground: Ground, values: CommandValues) => Promise<Answer>
    })

/** Throws REQUEST_INVALID (`missing`). */
export const need = (values: CommandValues, name: (typeof OPTIONS)[number]): string => {
  const value = values[name]
  if (value === undefined || value === '')
    throw new AppError('REQUEST_INVALID', { path: `--${name}`, reason: 'missing' })
  return value
}

/** A whole number from 0. Throws REQUEST_INVALID (`number`). */
export const wholeNumber = (text: string, path: string): number => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new AppError('REQUEST_INVALID', { path, reason: 'number' })
  return value
}

/** How the shell ends for an error. */
export const exitOf = (error: unknown): number => {
  if (!(error instanceof AppError)) return EXIT.internal
  if (error.code === 'CONFIG_INVALID' && error.detail['reason'] === 'in-use') return EXIT.busy
  if (error.code === 'REQUEST_INVALID' || error.code === 'CONFIG_INVALID') return EXIT.usage
  return ERRORS[error.code].status === 500 ? EXIT.internal : EXIT.refused
}

/** What to do about an error, where that is not plain from its code. */
export const adviceFor = (error: unknown): string | null => {
  if (!(error instanceof AppError)) return null
  const reason = error.detail['reason']
  if (error.code === 'CONFIG_INVALID' && reason === 'in-use')
    return `The server runs (process ${String(error.detail['pid'] ?? 'unknown')}) and is the only one that may write the chain. Stop it and try again.`
  if (error.code === 'CONFIG_INVALID' && reason === 'migration-missing')
    return 'The databases are of an older version. Start the server of this version once, then try again.'
  if (error.code === 'HSM_KEY_NOT_FOUND' && reason === 'next-key')
    return 'There is no next key a certificate could be for. Make it with: audit key prepare --out FILE'
  if (error.code === 'REQUEST_INVALID' && error.detail['path'] === '--certificate' && reason === 'key')
    return 'The certificate is not for the next key of the key store. Nothing was written.'
  if (error.code === 'HSM_UNAVAILABLE' && error.detail['prompt'] === 'no-terminal')
    return 'The configuration names no file with the PIN, and there is no terminal to ask for it. Give keys.pinFile, or start from a terminal.'
  if (error.code === 'REQUEST_INVALID' && error.detail['path'] === '--out' && reason === 'exists')
    return 'There is a file of that name. Name another with --out, or overwrite it with --force. Nothing was signed.'
  if (error.code === 'REQUEST_INVALID' && reason === 'reserved')
    return 'Keys of the chain, the CA and the vault are made by the commands that bring them into use.'
  if (error.code === 'REQUEST_INVALID' && reason === 'not-trusted')
    return 'Exports are signed with this key, and the root of its certificate is not in the file that signing.trustFile of the configuration names. Nothing was written.'
  if (error.code === 'REQUEST_INVALID' && reason === 'no-anchor')
    return 'The way to a root is missing: give --issuers FILE with the issuing certificates and the root.'
  if (error.code === 'REQUEST_INVALID' && error.detail['path'] === 'keys' && reason === 'hsm')
    return 'The keys of this server lie in an HSM, and a key that was in a file does not belong there. Make one with: keys generate'
  if (error.code === 'CHAIN_KEY_UNUSABLE')
    return 'The key store does not hold the key the chain was signed with last, or cannot use it. Nothing was written.'
  return null
}
