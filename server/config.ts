import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { ChainName } from '../shared/audit/entry.ts'
import { AppError } from '../shared/contract/errors.ts'
import type { DatabaseLocation } from './db/index.ts'

const path = z.string().min(1).max(1000)
const Database = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sqlite'), file: path }),
  /** The connection string is a secret: it lies in a file of its own. */
  z.strictObject({
    kind: z.literal('postgres'),
    connectionStringFile: path,
    maxConnections: z.int().min(1).max(100).default(10),
  }),
])
const Keys = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('pkcs11'),
    library: path,
    tokenLabel: z.string().min(1).max(32),
    pinFile: path,
    softHsmTokenFolder: path.optional(),
  }),
  z.strictObject({ kind: z.literal('software'), folder: path, passphraseFile: path }),
])
const Limits = z.strictObject({
  /** Sign-ins, challenges and console requests per minute and address. */
  signInsPerMinute: z.int().min(1).max(100_000).default(60),
  /** Requests per minute of one session. */
  requestsPerMinute: z.int().min(10).max(10_000_000).default(12_000),
  bodyBytes: z
    .int()
    .min(16_384)
    .max(1_048_576)
    .default(128 * 1024),
  sessionIdleMinutes: z.int().min(1).max(240).default(15),
  sessionHours: z.int().min(1).max(24).default(12),
})

/** Hours outside of which an administrator's access is counted apart; `zone` of the IANA list. */
const Hours = z.strictObject({
  from: z.int().min(0).max(23).default(7),
  to: z.int().min(1).max(24).default(20),
  /** ISO weekdays, 1 is Monday. */
  days: z.array(z.int().min(1).max(7)).max(7).default([1, 2, 3, 4, 5]),
  zone: z
    .string()
    .max(60)
    .refine((zone) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC')
    .default('Europe/Rome'),
})
const Audit = z.strictObject({
  /** `hsm`: the key store signs each entry. `epoch`: it signs short-lived keys that do. May be switched at any start. */
  keyMode: z.enum(['hsm', 'epoch']).default('epoch'),
  /** Whether auditors of everything see their tenant alone, or every tenant of this audit database. */
  sight: z.enum(['tenant', 'installation']).default('tenant'),
  workingHours: Hours.prefault({}),
})

/** The server's one configuration file. Relative paths count from the file's folder; secrets are named by file. */
export const ServerConfigSchema = z.strictObject({
  /** The server's and its audit chain's name. */
  name: ChainName,
  /** Name of the tenant this node serves. */
  tenant: z.string().min(1).max(100),
  listen: z.strictObject({ host: z.string().min(1).max(255), port: z.int().min(0).max(65_535) }),
  tls: z.strictObject({ certificateFile: path, keyFile: path }),
  databases: z.strictObject({ operational: Database, audit: Database }),
  keys: Keys,
  ca: z.strictObject({
    organization: z.string().min(1).max(64),
    country: z
      .string()
      .regex(/^[A-Z]{2}$/)
      .default('IT'),
  }),
  /** As other machines reach this server; part of every certificate (CRL address). */
  publicUrl: z.url({ protocol: /^https$/ }).max(300),
  /** The console's built files; none: no console. */
  consoleFolder: path.nullable().default(null),
  log: z
    .strictObject({ level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']) })
    .default({ level: 'info' }),
  limits: Limits.prefault({}),
  audit: Audit.prefault({}),
})
export type ServerConfig = Readonly<z.infer<typeof ServerConfigSchema>>
export type DatabaseConfig = z.infer<typeof Database>
export type KeysConfig = z.infer<typeof Keys>

const freeze = <T>(value: T): T => {
  if (value !== null && typeof value === 'object') {
    for (const item of Object.values(value)) freeze(item)
    Object.freeze(value)
  }
  return value
}

/** Checks a configuration and makes its paths absolute. Throws CONFIG_INVALID naming the first wrong member. */
export const parseConfig = (value: unknown, folder: string): ServerConfig => {
  const parsed = ServerConfigSchema.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const keys = issue?.code === 'unrecognized_keys' ? [issue.keys[0] ?? ''] : []
    const at = [...(issue?.path ?? []), ...keys].map(String).join('.')
    throw new AppError('CONFIG_INVALID', { reason: issue?.code ?? 'invalid', path: at }, { cause: parsed.error })
  }
  const at = (file: string) => resolve(folder, file)
  const database = (d: DatabaseConfig): DatabaseConfig =>
    d.kind === 'sqlite' ? { ...d, file: at(d.file) } : { ...d, connectionStringFile: at(d.connectionStringFile) }
  const keys = (k: KeysConfig): KeysConfig =>
    k.kind === 'software'
      ? { ...k, folder: at(k.folder), passphraseFile: at(k.passphraseFile) }
      : {
          ...k,
          pinFile: at(k.pinFile),
          ...(k.softHsmTokenFolder === undefined ? {} : { softHsmTokenFolder: at(k.softHsmTokenFolder) }),
        }
  const c = parsed.data
  return freeze({
    ...c,
    tls: { certificateFile: at(c.tls.certificateFile), keyFile: at(c.tls.keyFile) },
    databases: { operational: database(c.databases.operational), audit: database(c.databases.audit) },
    keys: keys(c.keys),
    consoleFolder: c.consoleFolder === null ? null : at(c.consoleFolder),
  })
}

/** Reads the file once. Throws CONFIG_INVALID. */
export const readConfig = (file: string): ServerConfig => {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { reason: 'unreadable', path: '' }, { cause })
  }
  return parseConfig(value, dirname(resolve(file)))
}

/** A secret named by file: its text without the closing line break. Throws CONFIG_INVALID. */
export const readSecretFile = (file: string, member: string): string => {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { reason: 'secret-unreadable', path: member }, { cause })
  }
}

export const databaseLocation = (d: DatabaseConfig): DatabaseLocation =>
  d.kind === 'sqlite'
    ? { dialect: 'sqlite', file: d.file }
    : {
        dialect: 'postgres',
        connectionString: readSecretFile(d.connectionStringFile, 'databases'),
        maxConnections: d.maxConnections,
      }
