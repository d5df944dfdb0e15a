import { AppError } from '../../shared/contract/index.ts'
import { AuditTrail } from '../audit/index.ts'
import { drainLeft } from '../audit/left-intents.ts'
import { findTenant, keyStoreConfigOf, openFoundation, trustedKeysOf, type Foundation } from '../foundation.ts'
import { databaseLocation, type ServerConfig } from '../config.ts'
import { openDatabasesBeside, type Databases } from '../db/index.ts'
import { listHoldersOf } from '../db/repositories/access-reviews.ts'
import { Directory } from '../db/repositories/directory.ts'
import { openKeyStore, type KeyStore } from '../hsm/index.ts'
import { buildAbility } from '../identity/permission.ts'
import type { Log } from '../log/log.ts'
import { AccessEntries } from '../services/access-entries.ts'
import { AuditFollowing } from '../services/audit-follow.ts'
import { AuditReading } from '../services/audit.ts'
import type { Call } from '../services/call.ts'
import { Changes } from '../services/change.ts'
import { newShellAccess, recordShellAccess, type ShellAccess } from './access-record.ts'
import { ShellScope } from './shell-scope.ts'
import { NO_TERMINAL, type Terminal } from './terminal.ts'

/** What every command stands on: databases as they are, and the services that look at them. */
export interface Ground {
  readonly config: ServerConfig
  readonly databases: Databases
  readonly tenant: string
  readonly directory: Directory
  readonly trail: AuditTrail
  readonly audit: AuditReading
  readonly access: AccessEntries
  readonly scope: ShellScope
  readonly log: Log
  readonly entered: ShellAccess
  /** As an auditor of everything on this machine. */
  readonly call: Call
  /** Opened when it is first asked for. */
  readonly keys: () => Promise<KeyStore>
  /** Key ids that verification may trust: of the key store, and of the configuration. */
  readonly trustedKeyIds: () => Promise<readonly string[]>
  readonly terminal: Terminal
}
/** With the chain in hand; the lease must be held. */
export interface WritingGround extends Ground {
  readonly foundation: Foundation
  readonly changes: Changes
}

/** Who has the shell has the machine: they see every tenant of its audit database. */
const shellCall = (tenant: string, entered: ShellAccess): Call => ({
  actor: {
    sessionId: entered.correlationId,
    operator: { id: 'shell', name: 'shell' },
    role: 'AO',
    tenant,
    office: null,
    station: null,
    ability: buildAbility([{ role: 'AO', scope: { kind: 'everything' } }]),
  },
  correlationId: entered.correlationId,
  at: Date.now(),
  right: 'audit.read',
  ifMatch: null,
  idempotency: null,
})

interface Opening {
  readonly config: ServerConfig
  readonly databases: Databases
  readonly tenant: string
  readonly command: string
  readonly log: Log
  readonly keys: () => Promise<KeyStore>
  readonly terminal: Terminal
}

const lookingAt = async ({ config, databases, tenant, command, log, keys, terminal }: Opening): Promise<Ground> => {
  const { db } = databases.operational
  const directory = new Directory(db, tenant)
  await directory.load()
  const trail = new AuditTrail(databases.audit, (ids) => Promise.resolve(directory.operatorNames(ids)))
  const scope = new ShellScope(directory, 'installation')
  const following = new AuditFollowing(databases.audit.db, trail, directory)
  const entered = newShellAccess(config.name, tenant, command)
  return {
    config,
    databases,
    tenant,
    directory,
    trail,
    scope,
    audit: new AuditReading({ directory, scope, trail, following }),
    access: new AccessEntries(trail, directory, config.audit.workingHours, () => listHoldersOf(db, tenant, 'SA')),
    log,
    entered,
    call: shellCall(tenant, entered),
    keys,
    terminal,
    trustedKeyIds: async () => trustedKeysOf(config, await keys(), databases.audit),
  }
}

/** Runs `body` beside a running server: nothing of the chain is written, and the access is kept before anything is read. */
export const reading = async <T>(
  config: ServerConfig,
  command: string,
  log: Log,
  body: (ground: Ground) => Promise<T>,
  terminal: Terminal = NO_TERMINAL,
): Promise<T> => {
  const databases = await openDatabasesBeside({
    operational: databaseLocation(config.databases.operational),
    audit: databaseLocation(config.databases.audit),
  })
  let store: KeyStore | null = null
  const keys = async (): Promise<KeyStore> => (store ??= await openKeyStore(keyStoreConfigOf(config.keys)))
  try {
    const tenant = await findTenant({ config, databases })
    const ground = await lookingAt({ config, databases, tenant, command, log, keys, terminal })
    return await entered(ground, body)
  } finally {
    await (store as KeyStore | null)?.close()
    await databases.close()
  }
}

/** Runs `body` with the chain; the caller holds the lease. What was entered and done is in the chain when it returns. */
export const writing = async <T>(
  config: ServerConfig,
  command: string,
  log: Log,
  body: (ground: WritingGround) => Promise<T>,
  terminal: Terminal = NO_TERMINAL,
): Promise<T> => {
  const foundation = await openFoundation(config, log).catch(async (error: unknown) => {
    await recordRefusal(config, command, error, log)
    throw error
  })
  try {
    const { databases, sequencer } = foundation
    const tenant = await findTenant(foundation)
    const keys = () => Promise.resolve(foundation.keys)
    const ground = await lookingAt({ config, databases, tenant, command, log, keys, terminal })
    const changes = new Changes(databases.operational.db, sequencer)
    const value = await entered({ ...ground, foundation, changes }, body)
    await drainLeft(databases.operational.db, sequencer)
    return value
  } finally {
    await foundation.close()
  }
}

const entered = async <G extends Ground, T>(ground: G, body: (ground: G) => Promise<T>): Promise<T> => {
  const { db } = ground.databases.operational
  await recordShellAccess(db, ground.entered, 'Login')
  try {
    return await body(ground)
  } finally {
    await recordShellAccess(db, ground.entered, 'Logout')
  }
}

/** The shell could not be entered (no key, wrong key): kept where the database can be. */
const recordRefusal = async (config: ServerConfig, command: string, error: unknown, log: Log): Promise<void> => {
  const code = error instanceof AppError ? error.code : 'INTERNAL'
  try {
    const databases = await openDatabasesBeside({
      operational: databaseLocation(config.databases.operational),
      audit: databaseLocation(config.databases.audit),
    })
    try {
      const tenant = await findTenant({ config, databases })
      const access = newShellAccess(config.name, tenant, command)
      await recordShellAccess(databases.operational.db, access, 'LoginFailed', code)
    } finally {
      await databases.close()
    }
  } catch (cause) {
    log.error({ code, cause: cause instanceof Error ? cause.stack : String(cause) }, 'a refused access was not kept')
  }
}
