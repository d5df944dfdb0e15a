import { encodeCheckpoint } from '../shared/audit/checkpoint.ts'
import { Cleaner } from './audit/cleaning.ts'
import { Eraser } from './audit/erasure.ts'
import type { AuditSequencer, AuditSigner } from './audit/ports.ts'
import { RetentionJobs } from './audit/retention-jobs.ts'
import { readRetention } from './audit/retention-settings.ts'
import type { VerificationJobs } from './audit/verification-jobs.ts'
import { databaseLocation, type ServerConfig } from './config.ts'
import type { Databases } from './db/index.ts'
import { openAuditReader, type Opened } from './db/open.ts'
import type { Directory } from './db/repositories/directory.ts'
import { countJobs } from './db/repositories/jobs.ts'
import { listChainExtents } from './db/repositories/retention-entries.ts'
import type { AuditDb, OperationalDatabase } from './db/schema.ts'
import type { JobHandlers } from './jobs/job.ts'
import { JobRunner } from './jobs/runner.ts'
import { Scheduler } from './jobs/scheduler.ts'
import type { Log } from './log/log.ts'
import type { OwnWork } from './own-work.ts'
import { AlarmService } from './services/alarms.ts'
import { ChainKeys } from './services/chain-keys.ts'
import type { AuditSight } from './services/audit-scope.ts'
import type { Changes } from './services/change.ts'
import { Jobs } from './services/jobs.ts'
import { Retention } from './services/retention.ts'
import { verificationHandler } from './verification-work.ts'

/** Kinds of jobs that are run here; all others come with `handlers`. */
type OwnKind = 'mail' | 'audit-verification' | 'audit-cleaning' | 'audit-erasure' | 'personal-data-erasure'

export interface OperationsOptions {
  readonly name: string
  /** Whether chains of other tenants of this audit database are shown. */
  readonly sight: AuditSight
  readonly work: OwnWork
  /** Of every kind that a part of its own runs: a kind that nobody runs does not compile. */
  readonly handlers: Omit<JobHandlers, OwnKind>
  readonly databases: Databases
  /** On PostgreSQL the connection that may delete and change audit rows; null: nothing is cleaned or erased. */
  readonly maintenance: Opened<AuditDb> | null
  readonly sequencer: AuditSequencer
  readonly signer: () => AuditSigner
  readonly trustedKeyIds: () => readonly string[]
  readonly directory: Directory
  readonly changes: Changes
  readonly verification: VerificationJobs
  readonly log: Log
  /** Of the checkpoint maker: the note of a size, and up to where notes were made. */
  readonly checkpoints: {
    noteOf(size: number): Promise<string | null>
    sealed(): number
    readonly noteKeys: { open(): Promise<{ readonly key: { readonly name: string }; signNote(text: string): string }> }
  }
}

/** The connection that may delete audit rows, where the configuration names one; null on SQLite, which needs none. */
export const openMaintenance = ({ databases }: ServerConfig): Promise<Opened<AuditDb> | null> =>
  databases.auditMaintenance?.kind === 'postgres'
    ? openAuditReader(databaseLocation(databases.auditMaintenance))
    : Promise.resolve(null)

/** What routes call. */
export interface OperationsServices {
  readonly alarms: AlarmService
  readonly chainKeys: ChainKeys
  readonly jobs: Jobs
  readonly retention: Retention
}

interface Finding {
  readonly state: 'ok' | 'warning' | 'failed'
  readonly detail: string | null
}

export interface Operations {
  readonly services: OperationsServices
  /** By name, for health. */
  readonly checks: Readonly<Record<string, () => Promise<Finding>>>
  /** Begins to take jobs. */
  start(): Promise<void>
  /** Gives back what runs; before the databases close. */
  close(): Promise<void>
}

const LATE_MS = 10 * 60_000

/** The note of a cut: the one that was made of that size, or one made now, over what was verified just before. */
const cutNotes =
  (checkpoints: OperationsOptions['checkpoints']) =>
  async (size: number, root: Uint8Array): Promise<string> => {
    const known = await checkpoints.noteOf(size)
    if (known !== null) return known
    const signer = await checkpoints.noteKeys.open()
    return signer.signNote(encodeCheckpoint({ origin: signer.key.name, size, root }))
  }

interface Count {
  readonly dead: number
  readonly waiting: number
  readonly late: number
}
const finding = ({ dead, waiting, late }: Count): Finding => {
  const isLate = late > LATE_MS
  const detail = `${waiting} waiting, ${dead} given up${isLate ? `, late by ${Math.round(late / 60_000)} min` : ''}`
  return { state: dead > 0 || isLate ? 'warning' : 'ok', detail }
}

/** Jobs and mail, for health: how many wait, how many were given up, how late. */
const queueChecks = (db: OperationalDatabase, tenant: string, hasMail: boolean): Operations['checks'] => {
  const count = async (wanted: (kind: string) => boolean): Promise<Count> => {
    const rows = (await countJobs(db, tenant, Date.now())).filter(({ kind }) => wanted(kind))
    const sum = (state: string): number =>
      rows.filter((row) => row.state === state).reduce((total, row) => total + row.jobs, 0)
    return { dead: sum('dead'), waiting: sum('waiting'), late: Math.max(0, ...rows.map((row) => row.late)) }
  }
  return {
    jobs: async () => finding(await count((kind) => kind !== 'mail')),
    mail: async () =>
      hasMail
        ? finding(await count((kind) => kind === 'mail'))
        : { state: 'ok', detail: 'no mail server is configured' },
  }
}

/** Jobs, schedules, cleaning and erasing: everything the server does by itself. */
export const openOperations = (options: OperationsOptions): Operations => {
  const { name, work, databases, log, directory, changes, maintenance, checkpoints } = options
  const { own, queue, mails, alarms, mailServer, server } = work
  const { operational, audit } = databases
  const { tenant } = directory
  const erasing = audit.dialect === 'sqlite' ? audit : maintenance
  const cleaner = new Cleaner({
    audit,
    maintenance: erasing,
    chain: name,
    signer: options.signer,
    trustedKeyIds: options.trustedKeyIds,
    own,
    noteOf: cutNotes(checkpoints),
  })
  const settings = async () => (await readRetention(operational.db, tenant)).settings
  const eraser = new Eraser({ audit, maintenance: erasing, operational, chain: name, own, settings })
  const sealed = () => checkpoints.sealed()
  const retention = new RetentionJobs({ audit, operational, own, cleaner, eraser, chain: name, sealed })
  const handlers: JobHandlers = {
    ...options.handlers,
    mail: mails.handler(),
    'audit-verification': verificationHandler(options.verification, own),
    'audit-cleaning': retention.cleaning(),
    'audit-erasure': retention.erasure(),
    'personal-data-erasure': retention.personalData(),
  }
  work.handle(handlers)
  const chains = async () => (await listChainExtents(audit.db)).map(({ chain }) => chain)
  const scheduler = new Scheduler({ db: operational.db, own, queue, chains })
  const runner = new JobRunner({
    operational,
    own,
    handlers,
    node: name,
    log,
    onPoll: () => scheduler.tick(),
    onDead: ({ id, kind, error }) =>
      alarms.raise({
        kind: kind === 'mail' ? 'mail-undeliverable' : 'job-dead',
        key: kind === 'mail' ? 'mail' : id,
        severity: 'warning',
        detail: { job: id, kind, error },
      }),
  })
  queue.onWork(() => runner.wake())
  const jobs = new Jobs({ db: operational.db, directory, changes, queue, scheduler, chains })
  return {
    services: {
      alarms: new AlarmService({ db: operational.db, directory, changes, queue, mails, mailServer, server }),
      chainKeys: new ChainKeys({ audit, directory, changes, queue, jobs, chain: name, sight: options.sight }),
      jobs,
      retention: new Retention({
        audit,
        operational,
        directory,
        changes,
        queue,
        jobs: retention,
        chain: name,
        sight: options.sight,
        mayErase: erasing !== null,
      }),
    },
    checks: queueChecks(operational.db, tenant, mailServer !== null),
    start: async () => {
      await scheduler.ensure()
      await mails.recipients()
      runner.start()
    },
    close: async () => {
      await runner.close()
      await maintenance?.close()
    },
  }
}
