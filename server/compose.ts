import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../shared/contract/index.ts'
import { keyIdOf } from '../shared/audit/crypto.ts'
import { DeskWatch } from './alarms/desk-watch.ts'
import { LeftFaults } from './alarms/left-faults.ts'
import { buildApp } from './app.ts'
import { AuditTrail, Sequencer, VerificationJobs, type ChainState, type VerificationRun } from './audit/index.ts'
import { openWitnessing, type Witnessing } from './audit/checkpoint-service.ts'
import { drainLeft } from './audit/left-intents.ts'
import { internalCaConfig, openInternalCa, type CaStore } from './ca/index.ts'
import { databaseLocation, type KeysConfig, type ServerConfig } from './config.ts'
import { openDatabases, type AuditDb, type Databases, type Opened } from './db/index.ts'
import { listAuditKeys, readRootKeyId } from './db/repositories/audit-chain.ts'
import { DatabaseCaStore } from './db/repositories/ca-store.ts'
import { listHoldersOf } from './db/repositories/access-reviews.ts'
import { Directory } from './db/repositories/directory.ts'
import { forgetExpiredAnswers } from './db/repositories/idempotency.ts'
import { openKeyStore, type KeyStore, type KeyStoreConfig, type Signer } from './hsm/index.ts'
import { DatabaseAccess, keepRefusedStart } from './identity/database-access.ts'
import { Denials } from './identity/denials.ts'
import { SESSION_WRAPPING_KEY, Sessions } from './identity/sessions.ts'
import { SignIn } from './identity/sign-in.ts'
import { TrustedSigners } from './identity/trusted-signers.ts'
import { OwnChanges } from './jobs/own-changes.ts'
import type { Log } from './log/log.ts'
import { Health } from './monitor/health.ts'
import { Load } from './monitor/load.ts'
import { openMaintenance, openOperations, mailServerOf, type Operations } from './operations.ts'
import type { AuditServices } from './routes/handlers-audit.ts'
import { AccessEntries } from './services/access-entries.ts'
import { Access } from './services/access.ts'
import { AuditChains } from './services/audit-chains.ts'
import { AuditFollowing } from './services/audit-follow.ts'
import { AuditInclusion } from './services/audit-inclusion.ts'
import { AuditScope } from './services/audit-scope.ts'
import { AuditVerification } from './services/audit-verification.ts'
import { AuditReading } from './services/audit.ts'
import { Cards } from './services/cards.ts'
import { Certificates } from './services/certificates.ts'
import { Changes } from './services/change.ts'
import { crlEntries } from './services/crl-entries.ts'
import type { ServiceDeps } from './services/deps.ts'
import { Enrolments } from './services/enrolments.ts'
import { Holders } from './services/holders.ts'
import { People } from './services/people.ts'
import { Personalisation } from './services/personalisation.ts'
import { readProfiles } from './services/profiles.ts'
import { SavedFilters } from './services/saved-filters.ts'
import { Unblocks } from './services/unblocks.ts'
import { Witnesses } from './services/witnesses.ts'
import { VERSION } from './version.ts'
import { Vault } from './vault/vault.ts'

/** Label of the key that signs the audit chain's epochs. */
export const AUDIT_KEY = 'audit.chain'
const PROFILES_FOLDER = resolve(import.meta.dirname, '../resources/profiles')
const SWEEP_MS = 30_000

export const keyStoreConfigOf = (keys: KeysConfig): KeyStoreConfig =>
  keys.kind === 'software'
    ? keys
    : {
        kind: 'hsm',
        libraryPath: keys.library,
        tokenLabel: keys.tokenLabel,
        pinFile: keys.pinFile,
        ...(keys.softHsmTokenFolder === undefined ? {} : { softHsmTokenDir: keys.softHsmTokenFolder }),
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
  /** The chain's key in force when it was opened. */
  readonly signer: Signer
  /** Key ids that the key store vouches for; verification trusts nothing else. */
  readonly trustedKeyIds: readonly string[]
  close(): Promise<void>
}

/** Where the key in force lies in the key store: the chain says it, and the key store holds it or not. */
const chainKeyLabel = async ({ db }: Opened<AuditDb>, chain: string): Promise<string> => {
  const inForce = await readRootKeyId(db, chain)
  const known = await listAuditKeys(db, chain)
  const label = known.find((key) => key.keyId === inForce)?.label ?? AUDIT_KEY
  return isChainKeyLabel(label) ? label : AUDIT_KEY
}

/** Labels that chain keys get: the first, and each after a roll-over. */
export const isChainKeyLabel = (label: string): boolean =>
  label === AUDIT_KEY || (label.startsWith(`${AUDIT_KEY}.`) && /^[1-9]\d{0,8}$/.test(label.slice(AUDIT_KEY.length + 1)))

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
  const databases = await openDatabases({
    operational: databaseLocation(config.databases.operational),
    audit: databaseLocation(config.databases.audit),
  })
  const closers: (() => Promise<void>)[] = [() => databases.close()]
  const close = async (): Promise<void> => {
    for (const one of closers.reverse()) await one()
  }
  try {
    const keys = await openKeyStore(keyStoreConfigOf(config.keys))
    closers.push(() => keys.close())
    const signer = await keys.signer(await chainKeyLabel(databases.audit, config.name))
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
    const trustedKeyIds = await trustedKeysOf(config, keys, databases.audit)
    return { config, databases, keys, caStore, sequencer, signer, trustedKeyIds, close }
  } catch (error) {
    await close()
    throw error
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

/** What looks at the audit; also what the shell shows of it. */
const auditServices = (
  { config, databases, sequencer, trustedKeyIds }: Foundation,
  made: {
    readonly directory: Directory
    readonly changes: Changes
    readonly jobs: VerificationJobs
    /** A checkpoint of everything that is there now. */
    readonly seal: () => Promise<unknown>
    readonly verificationEnded: (run: VerificationRun) => void
    readonly log: Log
  },
): AuditServices & { readonly inclusion: AuditInclusion } => {
  const { directory, changes, jobs, log } = made
  const audit = databases.audit.db
  const { db } = databases.operational
  const scope = new AuditScope(directory, config.audit.sight)
  const trail = new AuditTrail(databases.audit, (ids) => Promise.resolve(directory.operatorNames(ids)))
  const onError = (cause: unknown) =>
    log.error({ cause: cause instanceof Error ? cause.stack : String(cause) }, 'verification did not go on')
  const inclusion = new AuditInclusion({
    audit,
    trail,
    node: config.name,
    trustedKeyIds: () => trustedKeyIds,
    seal: made.seal,
    onError,
    onEnd: made.verificationEnded,
  })
  const verification = new AuditVerification({
    audit,
    directory,
    scope,
    changes,
    jobs,
    inclusion,
    chain: config.name,
    onError,
  })
  const administrators = () => listHoldersOf(db, directory.tenant, 'SA')
  const entries = new AccessEntries(trail, directory, config.audit.workingHours, administrators)
  return {
    inclusion,
    audit: new AuditReading({ directory, scope, trail, following: new AuditFollowing(audit, trail, directory) }),
    verification,
    chains: new AuditChains({ audit, sequencer, scope, verification }),
    savedFilters: new SavedFilters(db, changes),
    access: new Access({ db, audit, directory, changes, scope, entries }),
  }
}

/** Checkpoints and who has seen them, as the API gives them. */
const witnessesOf = (
  { config, databases }: Foundation,
  made: {
    readonly directory: Directory
    readonly changes: Changes
    readonly witnessing: Witnessing
    readonly alarms: Operations['alarms']
    readonly log: Log
  },
): Witnesses =>
  new Witnesses({
    ...made,
    ...made.witnessing,
    audit: databases.audit.db,
    chain: config.name,
    scope: new AuditScope(made.directory, config.audit.sight),
    trail: new AuditTrail(databases.audit, (ids) => Promise.resolve(made.directory.operatorNames(ids))),
  })

/** The running server but for the listening socket. */
export interface Composed {
  readonly app: FastifyInstance
  readonly health: Health
  readonly foundation: Foundation
  /** What is done each half minute, now. Never rejects: what fails is logged and tried again. */
  sweep(): Promise<void>
  close(): Promise<void>
}
export interface ComposeOptions {
  /** Parse every answer by the contract; tests and development. */
  readonly checkAnswers: boolean
  /** No TLS: for injection only. */
  readonly insecure?: boolean
}

/** The one place that makes objects and hands them to each other. */
export const compose = async (config: ServerConfig, log: Log, options: ComposeOptions): Promise<Composed> => {
  const startedAt = Date.now()
  const tls = {
    key: readFileSync(config.tls.keyFile, 'utf8'),
    cert: readFileSync(config.tls.certificateFile, 'utf8'),
  }
  const leaf = new X509Certificate(tls.cert)
  let operations: Operations | null = null
  let access: DatabaseAccess | null = null
  const onChainState = (state: ChainState): void => {
    operations?.chainState(state)
    access?.chainState(state)
  }
  const foundation = await openFoundation(config, log, onChainState).catch(async (error: unknown) => {
    await keepRefusedStart(config, error, log)
    throw error
  })
  const { databases, keys, caStore, sequencer } = foundation
  const { db } = databases.operational
  try {
    const directory = new Directory(db, await findTenant(foundation))
    await directory.load()
    const logins = new DatabaseAccess(new OwnChanges({ db, sequencer, tenant: directory.tenant, log }), config, log)
    await logins.begin()
    access = logins
    const ca = await openInternalCa({
      config: caConfigOf(config),
      keyStore: keys,
      store: caStore,
      now: () => new Date(),
    })
    await keys.ensureWrappingKey(SESSION_WRAPPING_KEY)
    const vault = new Vault(keys)
    await vault.ready()
    const changes = new Changes(db, sequencer)
    const signers = new TrustedSigners(db, ca)
    const sessions = new Sessions(
      db,
      directory,
      keys,
      { idleMs: config.limits.sessionIdleMinutes * 60_000, lifeMs: config.limits.sessionHours * 3_600_000 },
      startedAt,
    )
    sessions.endWith((session, body) => {
      const { view, tenant, officeId: office } = session
      const operator = { id: view.operator.id, role: view.role, office }
      const author = { tenant, operator, station: view.station?.id ?? null, correlationId: session.id, at: Date.now() }
      return changes.as(author, (trx, tell) => body(trx, tell))
    })
    const deps: ServiceDeps = {
      serverName: config.name,
      db,
      directory,
      changes,
      profiles: readProfiles(PROFILES_FOLDER),
      vault,
      ca,
      findIssued: async (requestKey) => {
        const row = await caStore.findByRequest(requestKey)
        return row?.der ? { serial: row.serial, der: row.der } : null
      },
      signers,
    }
    const denials = new Denials(changes, directory.tenant)
    const certificates = new Certificates(deps, (operatorId) => sessions.endOf(operatorId))
    await certificates.reconcile()
    const verificationEnded = (run: VerificationRun): void => {
      log.info({ run: run.id, state: run.state }, 'verification ended')
      operations?.verificationEnded(run)
    }
    const jobs = new VerificationJobs({
      audit: databases.audit,
      chain: config.name,
      trustedKeyIds: () => foundation.trustedKeyIds,
      signer: foundation.signer,
      onEnd: verificationEnded,
    })
    const auditSigner = foundation.signer
    const witnessing = openWitnessing({
      config,
      databases,
      keys,
      sequencer,
      signer: foundation.signer,
      // Alarms stand on what is opened next; what is raised before them is in the log.
      alarms: {
        raise: (alarm) => operations?.alarms.raise(alarm) ?? Promise.resolve(),
        clear: (kind, key) => operations?.alarms.clear(kind, key) ?? Promise.resolve(),
      },
      log,
    })
    const maintenance = await openMaintenance(config)
    if (maintenance) await logins.maintain(maintenance)
    operations = await openOperations({
      name: config.name,
      publicUrl: config.publicUrl,
      sight: config.audit.sight,
      mail: mailServerOf(config),
      databases,
      maintenance,
      sequencer,
      signer: () => auditSigner,
      trustedKeyIds: () => foundation.trustedKeyIds,
      directory,
      changes,
      verification: jobs,
      checkpoints: witnessing,
      log,
    })
    // After what is told of a run that ends: one that goes on may end at once.
    await jobs.recover()
    const load = new Load()
    const health = new Health({
      version: VERSION,
      startedAt,
      databases,
      sequencer,
      keys,
      ca,
      load,
      tlsNotAfter: leaf.validToDate.getTime(),
      more: { ...operations.checks, ...witnessing.checks },
    })
    const { inclusion, ...auditing } = auditServices(foundation, {
      directory,
      changes,
      jobs,
      seal: () => witnessing.checkpoints.make(),
      verificationEnded,
      log,
    })
    const tlsDigest = createHash('sha256').update(leaf.raw).digest('base64url')
    const services = {
      ping: () => ({ name: config.name, version: VERSION, time: Date.now(), keys: keys.kind }),
      signIn: new SignIn({ serverName: config.name, tlsDigest, db, directory, changes, sessions, signers, denials }),
      sessions,
      holders: new Holders(deps),
      enrolments: new Enrolments(deps),
      personalisation: new Personalisation(deps, certificates),
      certificates,
      cards: new Cards(deps),
      unblocks: new Unblocks(deps),
      people: new People(deps),
      profiles: deps.profiles,
      ...auditing,
      witnesses: witnessesOf(foundation, { directory, changes, witnessing, alarms: operations.alarms, log }),
      ...operations.services,
      health,
    }
    const app = await buildApp({
      services,
      directory,
      denials,
      load,
      limits: config.limits,
      checkAnswers: options.checkAnswers,
      ca,
      log,
      version: VERSION,
      bodyBytes: config.limits.bodyBytes,
      consoleFolder: config.consoleFolder,
      tls: options.insecure === true ? null : tls,
    })
    // The shell beside us leaves what it did as intents, and nobody waits for them. A stopped chain tries by itself.
    const { tenant } = directory
    const leftFaults = new LeftFaults({
      db,
      trail: new AuditTrail(databases.audit, () => Promise.resolve(new Map())),
      alarms: operations.alarms,
      chain: config.name,
      tenant,
    })
    const deskWatch = new DeskWatch({
      db,
      audit: databases.audit.db,
      alarms: operations.alarms,
      tenant,
      staleMs: config.checkpoints.desksStaleHours * 3_600_000,
    })
    const drain = async (): Promise<void> => {
      if (sequencer.state().state === 'running') await drainLeft(db, sequencer)
      await leftFaults.look()
    }
    const sweepFailed = (error: unknown): void =>
      log.error({ cause: error instanceof Error ? error.stack : String(error) }, 'sweep failed')
    const sweep = async (): Promise<void> => {
      const now = Date.now()
      const parts = [
        sessions.sweep(now),
        forgetExpiredAnswers(db, now),
        certificates.reconcile(),
        drain(),
        deskWatch.look(),
      ]
      await Promise.all(parts).catch(sweepFailed)
    }
    const sweeping = setInterval(() => void sweep(), SWEEP_MS).unref()
    await operations.start()
    await witnessing.start()
    await auditing.verification.recover()
    await leftFaults.look().catch(sweepFailed)
    const running = operations
    const close = async (): Promise<void> => {
      clearInterval(sweeping)
      await app.close()
      await witnessing.close()
      await running.close()
      auditing.verification.close()
      await inclusion.close()
      await jobs.close()
      // Runs that this ended are told of while there is a chain.
      await running.settled()
      await logins.end()
      load.close()
      await foundation.close()
    }
    return { app, health, foundation, sweep, close }
  } catch (error) {
    await foundation.close()
    throw error
  }
}
