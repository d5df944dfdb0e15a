import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { auditServices, witnessesOf } from './auditing.ts'
import { buildApp } from './app.ts'
import { openWitnessing } from './audit/checkpoint-service.ts'
import { VerificationJobs, type ChainState, type VerificationRun } from './audit/index.ts'
import { KeyRollover } from './audit/key-rollover.ts'
import { openInternalCa, type InternalCa } from './ca/index.ts'
import type { ServerConfig } from './config.ts'
import { Directory } from './db/repositories/directory.ts'
import { keysOf } from './key-uses.ts'
import { appendAlone, caConfigOf, findTenant, openFoundation, type Foundation } from './foundation.ts'
import { MixedRandom } from './hsm/mixed-random.ts'
import { DatabaseAccess, keepRefusedStart } from './identity/database-access.ts'
import { Denials } from './identity/denials.ts'
import { SESSION_WRAPPING_KEY, Sessions } from './identity/sessions.ts'
import { SignIn } from './identity/sign-in.ts'
import { TrustedSigners } from './identity/trusted-signers.ts'
import type { Log } from './log/log.ts'
import { openExports } from './exports/open.ts'
import type { ExportFaultPort } from './exports/ports.ts'
import { Health } from './monitor/health.ts'
import { Load } from './monitor/load.ts'
import { openMaintenance, openOperations } from './operations.ts'
import { openOwnWork } from './own-work.ts'
import { AuditScope } from './services/audit-scope.ts'
import { Cards } from './services/cards.ts'
import { Certificates } from './services/certificates.ts'
import { Changes } from './services/change.ts'
import type { ServiceDeps } from './services/deps.ts'
import { Enrolments } from './services/enrolments.ts'
import { Holders } from './services/holders.ts'
import { People } from './services/people.ts'
import { Personalisation } from './services/personalisation.ts'
import { readProfiles } from './services/profiles.ts'
import { Unblocks } from './services/unblocks.ts'
import { Vault } from './vault/vault.ts'
import { ChainNews } from './verification-work.ts'
import { VERSION } from './version.ts'
import { openWatches } from './watches.ts'

const PROFILES_FOLDER = resolve(import.meta.dirname, '../resources/profiles')

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
  /** Where making an export is made to fail, in tests. */
  readonly exportFaults?: ExportFaultPort
}

/** The one place that makes objects and hands them to each other. */
export const compose = async (config: ServerConfig, log: Log, options: ComposeOptions): Promise<Composed> => {
  const startedAt = Date.now()
  // The chain speaks before those who listen are made; they ask it for its state once they are.
  const listeners: ((state: ChainState) => void)[] = []
  const onChainState = (state: ChainState): void => listeners.forEach((tell) => tell(state))
  const foundation = await openFoundation(config, log, onChainState).catch(async (error: unknown) => {
    await keepRefusedStart(config, error, log, (intentOf) => appendAlone(config, intentOf))
    throw error
  })
  try {
    return await composeOn(foundation, { ...options, log, startedAt, onChain: (tell) => listeners.push(tell) })
  } catch (error) {
    await foundation.close()
    throw error
  }
}

interface Ground extends ComposeOptions {
  readonly log: Log
  readonly startedAt: number
  readonly onChain: (tell: (state: ChainState) => void) => void
}

const composeOn = async (foundation: Foundation, ground: Ground): Promise<Composed> => {
  const { log, startedAt, onChain } = ground
  const { config, databases, keys, sequencer } = foundation
  const { db } = databases.operational
  const tls = readTls(config)
  const directory = new Directory(db, await findTenant(foundation))
  await directory.load()
  const { tenant } = directory

  // What the server does by itself, and who is told when something is wrong.
  const work = openOwnWork({ config, db, sequencer, tenant, log })
  const { alarms } = work
  const news = new ChainNews({ ...work, log })
  const logins = new DatabaseAccess(work.own, config, log)
  await logins.begin()
  logins.watch(databases.operational, sequencer)
  onChain((state) => {
    logins.chainState(state)
    news.chainState(state)
  })

  // Who may do what, and the use cases.
  const changes = new Changes(db, sequencer)
  const sessions = await openSessions(foundation, directory, changes, startedAt)
  const deps = await openServiceDeps(foundation, directory, changes)
  const { ca, signers } = deps
  const nonces = new MixedRandom(keys)
  void nonces.fill()
  const denials = new Denials(changes, tenant)
  const certificates = new Certificates(deps, (operatorId) => sessions.endOf(operatorId))
  await certificates.reconcile()

  // The chain looked at: verification, checkpoints, witnesses.
  const verificationEnded = (run: VerificationRun): void => {
    log.info({ run: run.id, state: run.state }, 'verification ended')
    news.verificationEnded(run)
  }
  const trustedKeyIds = () => foundation.trustedKeyIds
  const signer = () => foundation.signer
  const verification = new VerificationJobs({
    audit: databases.audit,
    chain: config.name,
    trustedKeyIds,
    get signer() {
      return signer()
    },
    onEnd: verificationEnded,
  })
  const witnessing = openWitnessing({ config, databases, keys, sequencer, signer, alarms, log, nonces: nonces.bytes })
  const rollover = new KeyRollover({
    audit: databases.audit,
    chain: config.name,
    keys,
    sequencer,
    adopt: async (key) => {
      await foundation.adoptKey(key)
      log.info({ chain: config.name, label: key.label }, 'chain key in force')
    },
  })
  const { inclusion, ...auditing } = auditServices(foundation, {
    directory,
    changes,
    jobs: verification,
    seal: () => witnessing.checkpoints.make(),
    verificationEnded,
    log,
  })
  const witnesses = witnessesOf(foundation, { directory, changes, witnessing, alarms, log })

  const maintenance = await openMaintenance(config)
  if (maintenance) await logins.maintain(maintenance)
  // Parts with jobs of their own are opened here: their handlers go to `openOperations`, their services to `services`,
  // their `close` to the end, before the databases (server/README.md: "A part with jobs").
  const exporting = openExports({
    config,
    version: VERSION,
    databases,
    directory,
    scope: new AuditScope(directory, config.audit.sight),
    changes,
    own: work.own,
    queue: work.queue,
    log,
    seal: () => witnessing.checkpoints.make(),
    ...(ground.exportFaults === undefined ? {} : { faults: ground.exportFaults }),
    signatures: async () => {
      const { openExportSigning } = await import('./export-signing.ts')
      return openExportSigning({ config, keys, ca, findIssued: deps.findIssued, db, tenant, own: work.own })
    },
  })
  const operations = openOperations({
    name: config.name,
    sight: config.audit.sight,
    work,
    handlers: { ...exporting.handlers, 'audit-key-rollover': rollover.handler() },
    databases,
    maintenance,
    sequencer,
    signer,
    trustedKeyIds,
    directory,
    changes,
    verification,
    checkpoints: witnessing,
    log,
  })

  const load = new Load()
  const health = new Health({
    version: VERSION,
    startedAt,
    databases,
    sequencer,
    keys,
    ca,
    load,
    tlsNotAfter: tls.leaf.validToDate.getTime(),
    more: { ...operations.checks, ...witnessing.checks },
  })
  const tlsDigest = createHash('sha256').update(tls.leaf.raw).digest('base64url')
  const services = {
    ping: () => ({ name: config.name, version: VERSION, time: Date.now(), keys: keys.kind }),
    signIn: new SignIn({
      serverName: config.name,
      tlsDigest,
      db,
      directory,
      changes,
      sessions,
      signers,
      denials,
      nonces: nonces.bytes,
    }),
    sessions,
    holders: new Holders(deps),
    enrolments: new Enrolments(deps),
    personalisation: new Personalisation(deps, certificates),
    certificates,
    cards: new Cards(deps),
    unblocks: new Unblocks(deps),
    people: new People(deps),
    profiles: deps.profiles,
    keys: keysOf(foundation, keys, tenant),
    ...auditing,
    witnesses,
    ...operations.services,
    exports: exporting.exports,
    health,
  }
  const app = await buildApp({
    services,
    exportFiles: exporting.files,
    directory,
    denials,
    load,
    limits: config.limits,
    checkAnswers: ground.checkAnswers,
    ca,
    log,
    version: VERSION,
    bodyBytes: config.limits.bodyBytes,
    consoleFolder: config.consoleFolder,
    tls: ground.insecure === true ? null : tls,
  })

  const watches = openWatches({ foundation, tenant, sessions, certificates, alarms, log })
  // What was stopped before anybody listened, and what an earlier process left as stopped.
  news.chainState(sequencer.state())
  await verification.recover()
  await operations.start()
  await witnessing.start()
  await auditing.verification.recover()
  await watches.start()
  exporting.start()
  const close = async (): Promise<void> => {
    watches.close()
    await app.close()
    await witnessing.close()
    exporting.close()
    await operations.close()
    auditing.verification.close()
    await inclusion.close()
    await verification.close()
    // Runs that this ended are told of while there is a chain.
    await news.settled()
    await logins.end()
    load.close()
    await foundation.close()
  }
  return { app, health, foundation, sweep: () => watches.sweep(), close }
}

const readTls = ({ tls }: ServerConfig) => {
  const cert = readFileSync(tls.certificateFile, 'utf8')
  return { key: readFileSync(tls.keyFile, 'utf8'), cert, leaf: new X509Certificate(cert) }
}

/** Sessions that end with their entry in the chain, also where nobody asked for it. */
const openSessions = async (
  { config, databases, keys }: Foundation,
  directory: Directory,
  changes: Changes,
  startedAt: number,
): Promise<Sessions> => {
  await keys.ensureWrappingKey(SESSION_WRAPPING_KEY)
  const { sessionIdleMinutes, sessionHours } = config.limits
  const life = { idleMs: sessionIdleMinutes * 60_000, lifeMs: sessionHours * 3_600_000 }
  const sessions = new Sessions(databases.operational.db, directory, keys, life, startedAt)
  sessions.endWith((session, body) => {
    const { view, tenant, officeId: office } = session
    const operator = { id: view.operator.id, role: view.role, office }
    const author = { tenant, operator, station: view.station?.id ?? null, correlationId: session.id, at: Date.now() }
    return changes.as(author, (trx, tell) => body(trx, tell))
  })
  return sessions
}

/** What use cases are given. Opens CA and vault: throws CA_UNAVAILABLE, HSM_UNAVAILABLE. */
const openServiceDeps = async (
  { config, databases, keys, caStore }: Foundation,
  directory: Directory,
  changes: Changes,
): Promise<ServiceDeps & { readonly ca: InternalCa }> => {
  const { db } = databases.operational
  const ca = await openInternalCa({ config: caConfigOf(config), keyStore: keys, store: caStore, now: () => new Date() })
  const vault = new Vault(keys)
  await vault.ready()
  return {
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
    signers: new TrustedSigners(db, ca),
  }
}
