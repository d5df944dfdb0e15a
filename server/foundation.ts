import { keyIdOf } from '../shared/audit/crypto.ts'
import { AppError } from '../shared/contract/errors.ts'
import { ChainWriter } from './audit/chain-writer.ts'
import { Sequencer, type AuditIntent, type ChainState } from './audit/index.ts'
import { AUDIT_KEY, isChainKeyLabel } from './audit/key-rollover.ts'
import { internalCaConfig, type CaStore } from './ca/index.ts'
import { databaseLocation, type KeysConfig, type ServerConfig } from './config.ts'
import { openDatabases, type AuditDb, type Databases, type Opened } from './db/index.ts'
import { openAuditBeside } from './db/open.ts'
import { listAuditKeys, readRootKeyId } from './db/repositories/audit-chain.ts'
import { readTenantOf } from './db/repositories/audit-tenant.ts'
import { DatabaseCaStore } from './db/repositories/ca-store.ts'
import { openKeyStore, type KeyStore, type KeyStoreConfig, type Signer } from './hsm/index.ts'
import type { Log } from './log/log.ts'
import { crlEntries } from './services/crl-entries.ts'

export { AUDIT_KEY, isChainKeyLabel } from './audit/key-rollover.ts'

export const keyStoreConfigOf = (keys: KeysConfig): KeyStoreConfig =>
  keys.kind === 'software'
    ? keys
    : {
        kind: 'hsm',
        libraryPath: keys.library,
        tokenLabel: keys.tokenLabel,
        tokenSerial: keys.tokenSerial,
        pinFile: keys.pinFile,
        softHsmTokenDir: keys.softHsmTokenFolder,
        timeoutMs: keys.timeoutMs,
        sessions: keys.sessions,
      }

export const caConfigOf = (config: ServerConfig) =>
  internalCaConfig.parse({
    name: config.tenant.slice(0, 40),
    organization: config.ca.organization,
    country: config.ca.country,
    crlUrls: [`${config.publicUrl}/ca/issuing.crl`],
    caIssuerUrls: [`${config.publicUrl}/ca/issuing.cer`],
    rootCrlUrls: [`${config.publicUrl}/ca/root.crl`],
  })

/** Databases, keys, chain and CA: what the server and its shell both stand on. */
export interface Foundation {
  readonly config: ServerConfig
  readonly databases: Databases
  readonly keys: KeyStore
  readonly caStore: CaStore
  readonly sequencer: Sequencer
  /** The chain's key in force now: another one after a roll-over. Ask each time. */
  readonly signer: Signer
  /** Key ids that the key store vouches for; verification trusts nothing else. Ask each time. */
  readonly trustedKeyIds: readonly string[]
  /** Takes note of a key the chain was handed to. */
  adoptKey(signer: Signer): Promise<void>
  close(): Promise<void>
}

/** Where the key in force lies in the key store: the chain says it, and the key store holds it or not. */
const chainKeyLabel = async ({ db }: Opened<AuditDb>, chain: string): Promise<string> => {
  const inForce = await readRootKeyId(db, chain)
  const known = await listAuditKeys(db, chain)
  const label = known.find((key) => key.keyId === inForce)?.label ?? AUDIT_KEY
  return isChainKeyLabel(label) ? label : AUDIT_KEY
}

/**
 * Keys that verification trusts: those the chain names that really lie in our key store, present and rolled over, and
 * those the configuration names, of other nodes. What the database says of a key alone is never enough,
 * and no key made for anything else is one: its label is where the database could point to any.
 */
export const trustedKeysOf = async (
  config: ServerConfig,
  keys: KeyStore,
  { db }: Opened<AuditDb>,
): Promise<readonly string[]> => {
  const labels = (await listAuditKeys(db, config.name)).flatMap(({ label }) => (label === null ? [] : [label]))
  const ours: string[] = []
  for (const label of new Set([AUDIT_KEY, ...labels.filter(isChainKeyLabel)])) {
    if (await keys.has(label)) ours.push(keyIdOf((await keys.signer(label)).publicKeySpki()))
  }
  return [...new Set([...ours, ...config.audit.trustedKeys])]
}

/** Opens what `setup` made. Throws CONFIG_INVALID, HSM_UNAVAILABLE, CHAIN_KEY_UNUSABLE, DATABASE_*. */
export const openFoundation = async (
  config: ServerConfig,
  log: Log,
  onChainState: (state: ChainState) => void = () => undefined,
): Promise<Foundation> => {
  // The key store's process starts and logs in while the databases are opened.
  const opening = openKeyStore(keyStoreConfigOf(config.keys), {
    onTrouble: (trouble) => log.warn(trouble, 'process of the key store ended'),
  })
  // What it refuses is told below, where it is waited for.
  opening.catch(() => undefined)
  const closeKeys = () => opening.then((keys) => keys.close()).catch(() => undefined)
  const databases = await openDatabases({
    operational: databaseLocation(config.databases.operational),
    audit: databaseLocation(config.databases.audit),
  }).catch(async (error: unknown) => {
    await closeKeys()
    throw error
  })
  const closers: (() => Promise<void>)[] = [() => databases.close(), closeKeys]
  const close = async (): Promise<void> => {
    for (const one of closers.reverse()) await one()
  }
  try {
    const keys = await opening
    let signer = await keys.signer(await chainKeyLabel(databases.audit, config.name))
    const sequencer = new Sequencer({
      operational: databases.operational,
      audit: databases.audit,
      chain: config.name,
      mode: config.audit.keyMode,
      signer,
      onState: (told, cause) => {
        const { chain: name, state, reason } = told
        // Names the intent that no chain may take; what a foreign error says may quote values.
        const detail = cause instanceof AppError ? cause.detail : undefined
        log[state === 'running' ? 'info' : 'fatal']({ chain: name, state, reason, detail }, 'audit chain')
        onChainState(told)
      },
    })
    closers.push(() => sequencer.close())
    await sequencer.start()
    const caStore = new DatabaseCaStore(databases.operational.db, crlEntries(config.tenant, sequencer))
    let trustedKeyIds = await trustedKeysOf(config, keys, databases.audit)
    return {
      config,
      databases,
      keys,
      caStore,
      sequencer,
      get signer() {
        return signer
      },
      get trustedKeyIds() {
        return trustedKeyIds
      },
      adoptKey: async (next) => {
        signer = next
        trustedKeyIds = await trustedKeysOf(config, keys, databases.audit)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * Writes one entry while the operational database is away, with the chain's writer alone: nobody else may have the chain.
 * `intentOf` is given the tenant this server told of itself for last. Durable when it returns. Throws CONFIG_INVALID
 * (`tenant-missing`, `chain-missing`), HSM_*, CHAIN_KEY_UNUSABLE, DATABASE_*.
 */
export const appendAlone = async (config: ServerConfig, intentOf: (tenant: string) => AuditIntent): Promise<void> => {
  const audit = await openAuditBeside(databaseLocation(config.databases.audit))
  const closers: (() => Promise<void>)[] = [() => audit.close()]
  try {
    const tenant = await readTenantOf(audit.db, config.name, { type: 'server', id: config.name })
    if (tenant === null) throw new AppError('CONFIG_INVALID', { reason: 'tenant-missing', path: 'tenant' })
    const keys = await openKeyStore(keyStoreConfigOf(config.keys))
    closers.push(() => keys.close())
    const signer = await keys.signer(await chainKeyLabel(audit, config.name))
    // By the key store itself: an epoch would be opened for this one entry.
    const writer = new ChainWriter(audit, { chain: config.name, mode: 'hsm', signer })
    closers.push(() => writer.close())
    await writer.append([intentOf(tenant)])
  } finally {
    for (const one of closers.reverse()) await one()
  }
}

/** Throws CONFIG_INVALID (`tenant-missing`). */
export const findTenant = async ({ config, databases }: Pick<Foundation, 'config' | 'databases'>): Promise<string> => {
  const row = await databases.operational.db
    .selectFrom('tenant')
    .select(['id', 'status'])
    .where('name', '=', config.tenant)
    .executeTakeFirst()
  if (!row) throw new AppError('CONFIG_INVALID', { reason: 'tenant-missing', path: 'tenant' })
  return row.id
}
