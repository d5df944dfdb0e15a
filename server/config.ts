import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { parseWitnessKey } from '../shared/audit/cosignature.ts'
import { ChainName } from '../shared/audit/entry.ts'
import { AppError } from '../shared/contract/errors.ts'
import type { DatabaseLocation } from './db/index.ts'
import { signingConfig } from './signing/config.ts'

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
  z
    .strictObject({
      kind: z.literal('pkcs11'),
      library: path,
      /** Which token of the module: by label, by serial number, or both. */
      tokenLabel: z.string().min(1).max(32).optional(),
      tokenSerial: z.string().min(1).max(16).optional(),
      /** Left out: the PIN is asked for at the terminal, at each start of the server and of its shell. */
      pinFile: path.optional(),
      softHsmTokenFolder: path.optional(),
      /** After so long a call of the module has failed, and its process is replaced. */
      timeoutMs: z.int().min(100).max(120_000).default(10_000),
      sessions: z.int().min(1).max(64).default(4),
    })
    .refine(({ tokenLabel, tokenSerial }) => tokenLabel !== undefined || tokenSerial !== undefined, {
      path: ['tokenLabel'],
    })
    // A token that `setup` makes gets this label, and a random PIN in this file.
    .refine((k) => k.softHsmTokenFolder === undefined || k.tokenLabel !== undefined, { path: ['tokenLabel'] })
    .refine((k) => k.softHsmTokenFolder === undefined || k.pinFile !== undefined, { path: ['pinFile'] }),
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
  /** Keys of other nodes' chains that lie in this audit database (ids as FORMAT.md makes them): verified with ours. */
  trustedKeys: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{43}$/))
    .max(1000)
    .default([]),
})

/** Through which server mail leaves. There is no sending in the clear. */
const Mail = z
  .strictObject({
    host: z.string().min(1).max(255),
    port: z.int().min(1).max(65_535),
    security: z.enum(['tls', 'starttls']),
    from: z.email().max(200),
    user: z.string().min(1).max(200).optional(),
    passwordFile: path.optional(),
    /** Certificates that may sign the mail server's, beside those of the system. */
    caFile: path.optional(),
    timeoutMs: z.int().min(1000).max(120_000).default(20_000),
  })
  .refine((mail) => (mail.user === undefined) === (mail.passwordFile === undefined), { path: ['passwordFile'] })

const isWitnessKey = (vkey: string): boolean => {
  try {
    return parseWitnessKey(vkey).name.length > 0
  } catch {
    // Said by the schema, with the member's path.
    return false
  }
}
const Witness = z.strictObject({
  name: z.string().min(1).max(200),
  /** C2SP vkey of type 0x04 (tlog-cosignature, Ed25519). */
  vkey: z.string().max(300).refine(isWitnessKey),
  /** Submission prefix: `add-checkpoint` is appended. `http` is taken where it is written. */
  url: z.url({ protocol: /^https?$/ }).max(300),
})
const Checkpoints = z.strictObject({
  /** A checkpoint is made after so many entries, or so many seconds after the first that has none. */
  entries: z.int().min(1).max(100_000).default(1000),
  seconds: z.int().min(1).max(3600).default(60),
  /** Outside witnesses (C2SP tlog-witness). */
  witnesses: z.array(Witness).max(20).default([]),
  /** An alarm is raised when a witness has not signed for so long what was there to sign. */
  witnessStaleHours: z.int().min(1).max(720).default(24),
  /** The same when no desk at all has: long enough for offices that are closed from Friday to Tuesday. */
  desksStaleHours: z.int().min(1).max(8760).default(120),
})
const Exports = z.strictObject({
  /** Where packages lie until they are fetched; needs room for the largest. */
  folder: path.default('exports'),
  /** How long a package is kept after it was made. */
  keepDays: z.int().min(1).max(365).default(7),
  /** Of all packages together. */
  maxBytes: z
    .int()
    .min(1024 * 1024)
    .default(50 * 1024 ** 3),
})
const Timestamping = z.strictObject({
  /** RFC 3161, asked in this order; none: no time-stamps. */
  authorities: z
    .array(
      z.strictObject({
        url: z.url({ protocol: /^https?$/ }).max(300),
        trustFile: path,
        policy: z
          .string()
          .regex(/^[0-2](\.(0|[1-9][0-9]*))+$/)
          .max(200)
          .optional(),
      }),
    )
    .max(10)
    .default([]),
  /** Without a time-stamp for so long, while there was something to stamp, an alarm is raised. */
  lateHours: z.int().min(25).max(720).default(48),
})

/** The server's one configuration file. Relative paths count from the file's folder; secrets are named by file. */
export const ServerConfigSchema = z.strictObject({
  /** The server's and its audit chain's name. */
  name: ChainName,
  /** Name of the tenant this node serves. */
  tenant: z.string().min(1).max(100),
  listen: z.strictObject({ host: z.string().min(1).max(255), port: z.int().min(0).max(65_535) }),
  tls: z.strictObject({ certificateFile: path, keyFile: path }),
  databases: z.strictObject({
    operational: Database,
    audit: Database,
    /** PostgreSQL: as whom cleaning and erasing delete and change audit rows; the server itself may only add. */
    auditMaintenance: Database.optional(),
  }),
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
  /** None: alarms are shown and logged, and no mail is sent. */
  mail: Mail.nullable().default(null),
  checkpoints: Checkpoints.prefault({}),
  timestamping: Timestamping.prefault({}),
  exports: Exports.prefault({}),
  signing: signingConfig.prefault({}),
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
          ...(k.pinFile === undefined ? {} : { pinFile: at(k.pinFile) }),
          ...(k.softHsmTokenFolder === undefined ? {} : { softHsmTokenFolder: at(k.softHsmTokenFolder) }),
        }
  const c = parsed.data
  return freeze({
    ...c,
    tls: { certificateFile: at(c.tls.certificateFile), keyFile: at(c.tls.keyFile) },
    databases: {
      operational: database(c.databases.operational),
      audit: database(c.databases.audit),
      ...(c.databases.auditMaintenance === undefined
        ? {}
        : { auditMaintenance: database(c.databases.auditMaintenance) }),
    },
    mail: c.mail && {
      ...c.mail,
      ...(c.mail.passwordFile === undefined ? {} : { passwordFile: at(c.mail.passwordFile) }),
      ...(c.mail.caFile === undefined ? {} : { caFile: at(c.mail.caFile) }),
    },
    keys: keys(c.keys),
    exports: { ...c.exports, folder: at(c.exports.folder) },
    consoleFolder: c.consoleFolder === null ? null : at(c.consoleFolder),
    timestamping: {
      ...c.timestamping,
      authorities: c.timestamping.authorities.map((one) => ({ ...one, trustFile: at(one.trustFile) })),
    },
    signing: {
      ...c.signing,
      ...(c.signing.trustFile === undefined ? {} : { trustFile: at(c.signing.trustFile) }),
    },
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
