import { z } from 'zod'
import { encodeCheckpoint } from '../shared/audit/checkpoint.ts'
import { AppError } from '../shared/contract/errors.ts'
import type { AlarmKind } from '../shared/contract/routes/alarms.ts'
import { Alarms } from './alarms/alarms.ts'
import { Cleaner } from './audit/cleaning.ts'
import { Eraser } from './audit/erasure.ts'
import type { AuditSequencer, AuditSigner, ChainState } from './audit/ports.ts'
import { RetentionJobs } from './audit/retention-jobs.ts'
import { readRetention } from './audit/retention-settings.ts'
import type { VerificationJobs, VerificationRun } from './audit/verification-jobs.ts'
import { endIntentOf } from './audit/verification-run.ts'
import { databaseLocation, type ServerConfig } from './config.ts'
import type { Databases } from './db/index.ts'
import { openAuditReader, type Opened } from './db/open.ts'
import type { Directory } from './db/repositories/directory.ts'
import { countJobs } from './db/repositories/jobs.ts'
import { listChainExtents } from './db/repositories/retention-entries.ts'
import type { AuditDb } from './db/schema.ts'
import { doubling } from './jobs/job.ts'
import type { JobHandler, JobHandlers } from './jobs/job.ts'
import { OwnChanges } from './jobs/own-changes.ts'
import { JobQueue } from './jobs/queue.ts'
import { JobRunner } from './jobs/runner.ts'
import { Scheduler } from './jobs/scheduler.ts'
import type { Log } from './log/log.ts'
import { MailJobs } from './mail/mail-jobs.ts'
import { smtpSender } from './mail/sender.ts'
import type { MailServer } from './mail/sender.ts'
import { AlarmService } from './services/alarms.ts'
import type { AuditSight } from './services/audit-scope.ts'
import type { Changes } from './services/change.ts'
import { Jobs } from './services/jobs.ts'
import { Retention } from './services/retention.ts'

export interface OperationsOptions {
  readonly name: string
  readonly publicUrl: string
  /** Whether chains of other tenants of this audit database are shown. */
  readonly sight: AuditSight
  readonly mail: MailServer | null
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
  /** Of the checkpoint maker, where there is one: the note of a size, and up to where notes were made. */
  readonly checkpoints?: {
    noteOf(size: number): Promise<string | null>
    sealed(): number
    readonly noteKeys: { open(): Promise<{ readonly key: { readonly name: string }; signNote(text: string): string }> }
  }
  readonly pollMs?: number
  readonly leaseMs?: number
  readonly now?: () => number
}

/** The mail server of the configuration; null where none is. */
export const mailServerOf = ({ mail }: ServerConfig): MailServer | null =>
  mail && {
    host: mail.host,
    port: mail.port,
    security: mail.security,
    from: mail.from,
    user: mail.user ?? null,
    passwordFile: mail.passwordFile ?? null,
    caFile: mail.caFile ?? null,
    timeoutMs: mail.timeoutMs,
  }

/** The connection that may delete audit rows, where the configuration names one; null on SQLite, which needs none. */
export const openMaintenance = ({ databases }: ServerConfig): Promise<Opened<AuditDb> | null> =>
  databases.auditMaintenance?.kind === 'postgres'
    ? openAuditReader(databaseLocation(databases.auditMaintenance))
    : Promise.resolve(null)

/** What routes call. */
export interface OperationsServices {
  readonly alarms: AlarmService
  readonly jobs: Jobs
  readonly retention: Retention
}

interface Finding {
  readonly state: 'ok' | 'warning' | 'failed'
  readonly detail: string | null
}

export interface Operations {
  readonly services: OperationsServices
  /** `raise`, `clear`; neither rejects. */
  readonly alarms: Alarms
  /** Told by the sequencer whenever the chain stops or runs. */
  chainState(state: Pick<ChainState, 'state' | 'reason' | 'chain'>): void
  /** Told of every verification that ended. */
  verificationEnded(run: VerificationRun): void
  /** By name, for health. */
  readonly checks: Readonly<Record<string, () => Promise<Finding>>>
  /** What was told so far is kept. */
  settled(): Promise<void>
  /** Begins to take jobs. */
  start(): Promise<void>
  /** Gives back what runs; before the databases close. */
  close(): Promise<void>
}

const LATE_MS = 10 * 60_000
const VerificationBody = z.looseObject({ mode: z.enum(['quick', 'full']), chain: z.string() })

/** A verification of one chain, waited for; what it found is told by `verificationEnded`. */
const verificationHandler = (jobs: VerificationJobs, own: OwnChanges): JobHandler => ({
  maxAttempts: 10,
  isExclusive: true,
  backoffMs: doubling(60_000, 30 * 60_000),
  run: async ({ id: job, body, signal, requestedBy, schedule }) => {
    const { mode, chain } = VerificationBody.parse(body)
    const scheduled = schedule !== null && requestedBy === null
    const reserved = await jobs.reserve({ mode, requestedBy, chain, scheduled })
    const started = reserved.run
    try {
      await own.run(job, (_trx, tell) =>
        tell({
          action: 'Verification',
          object: { type: 'audit-verification', id: started.id },
          after: { id: started.id, name: `${chain} ${mode}`, chain, depth: mode },
        }),
      )
    } catch (error) {
      // A run that no entry tells of does not begin.
      await reserved.release()
      throw error
    }
    await reserved.begin()
    const cancel = (): void => void jobs.cancel(started.id).catch(() => undefined)
    signal.addEventListener('abort', cancel)
    try {
      const run = await jobs.wait(started.id)
      // Failed is a finding, not a failure of the job: the alarm tells of it.
      if (run.state === 'error' || run.state === 'cancelled') throw new AppError('WORKER_CRASHED', { state: run.state })
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  },
})

/** The note of a cut: the one that was made of that size, or one made now, over what was verified just before. */
const cutNotes =
  (checkpoints: NonNullable<OperationsOptions['checkpoints']>) =>
  async (size: number, root: Uint8Array): Promise<string> => {
    const known = await checkpoints.noteOf(size)
    if (known !== null) return known
    const signer = await checkpoints.noteKeys.open()
    return signer.signNote(encodeCheckpoint({ origin: signer.key.name, size, root }))
  }

/** Jobs, schedules, mail, alarms, cleaning and erasing: everything the server does by itself. */
export const openOperations = async (options: OperationsOptions): Promise<Operations> => {
  const { name, databases, log, sequencer, directory, changes, maintenance } = options
  const { operational, audit } = databases
  const now = options.now ?? Date.now
  const own = new OwnChanges({ db: operational.db, sequencer, tenant: directory.tenant, log, now })
  let handlers: JobHandlers | null = null
  const queue = new JobQueue(directory.tenant, (kind) => handlers?.[kind].maxAttempts ?? 1)
  const server = { name, url: options.publicUrl }
  const send = options.mail === null ? null : smtpSender(options.mail)
  const mails = new MailJobs({ db: operational.db, tenant: directory.tenant, send, queue })
  const alarms = new Alarms({ own, queue, mails, log, server })
  const erasing = audit.dialect === 'sqlite' ? audit : maintenance
  const { checkpoints } = options
  const cleaner = new Cleaner({
    audit,
    maintenance: erasing,
    chain: name,
    signer: options.signer,
    trustedKeyIds: options.trustedKeyIds,
    own,
    ...(checkpoints === undefined ? {} : { noteOf: cutNotes(checkpoints) }),
  })
  const settings = async () => (await readRetention(operational.db, directory.tenant)).settings
  const eraser = new Eraser({ audit, maintenance: erasing, operational, chain: name, own, settings })
  const retention = new RetentionJobs({
    audit,
    operational,
    own,
    cleaner,
    eraser,
    chain: name,
    ...(checkpoints === undefined ? {} : { sealed: () => checkpoints.sealed() }),
  })
  handlers = {
    mail: mails.handler(),
    'audit-verification': verificationHandler(options.verification, own),
    'audit-cleaning': retention.cleaning(),
    'audit-erasure': retention.erasure(),
    'personal-data-erasure': retention.personalData(),
  }
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
    ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
    ...(options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs }),
  })
  queue.onWork(() => runner.wake())

  const background = new Set<Promise<void>>()
  const inBackground = (work: Promise<void>): void => {
    const tracked = work.finally(() => background.delete(tracked))
    background.add(tracked)
  }
  const chainState: Operations['chainState'] = ({ state, reason, chain }) => {
    const kind: AlarmKind = 'chain-unwritable'
    inBackground(
      state === 'running'
        ? alarms.clear(kind, chain)
        : alarms.raise({ kind, key: chain, severity: 'critical', detail: { reason } }),
    )
  }
  /** By its own intent: a run whose end the chain tells of is not gone on with, whatever its row says later. */
  const tellEnd = async ({ id, chain, mode, state, checked, resumed, verdict }: VerificationRun): Promise<void> => {
    const fault = verdict && !verdict.ok ? { kind: verdict.kind, sequence: verdict.sequence, what: verdict.what } : null
    const about = { id, name: `${chain} ${mode}`, chain, depth: mode }
    const after = { ...about, state, checked, fault, resumed: resumed && { ...resumed } }
    const object = { type: 'audit-verification', id } as const
    await own.runOnce(id, [{ intent: endIntentOf(id), action: 'Verification', object, after }])
  }
  const verificationEnded: Operations['verificationEnded'] = (run) => {
    const { id, chain, mode, state, verdict, resumed } = run
    const kind: AlarmKind = 'verification-failed'
    inBackground(
      tellEnd(run).catch((error: unknown) =>
        log.error({ run: id, cause: String(error) }, 'no entry tells that a verification ended'),
      ),
    )
    // A quick pass proves less than a full one failed by, and one that went on from a place of before less than both.
    if (state === 'passed' && mode === 'full' && resumed === null) inBackground(alarms.clear(kind, chain))
    if (state !== 'failed' || !verdict || verdict.ok) return
    const detail = { run: id, mode, verdict: verdict.kind, sequence: verdict.sequence, what: verdict.what }
    inBackground(alarms.raise({ kind, key: chain, severity: 'critical', detail }))
  }
  const count = async (wanted: (kind: string) => boolean): Promise<{ dead: number; waiting: number; late: number }> => {
    const rows = (await countJobs(operational.db, directory.tenant, now())).filter(({ kind }) => wanted(kind))
    const sum = (state: string): number =>
      rows.filter((row) => row.state === state).reduce((total, row) => total + row.jobs, 0)
    return { dead: sum('dead'), waiting: sum('waiting'), late: Math.max(0, ...rows.map((row) => row.late)) }
  }
  const finding = ({ dead, waiting, late }: { dead: number; waiting: number; late: number }): Finding => {
    const isLate = late > LATE_MS
    const detail = `${waiting} waiting, ${dead} given up${isLate ? `, late by ${Math.round(late / 60_000)} min` : ''}`
    return { state: dead > 0 || isLate ? 'warning' : 'ok', detail }
  }
  return {
    services: {
      alarms: new AlarmService({
        db: operational.db,
        directory,
        changes,
        queue,
        mails,
        mailServer: options.mail,
        server,
      }),
      jobs: new Jobs({ db: operational.db, directory, changes, queue, scheduler, chains }),
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
    alarms,
    chainState,
    verificationEnded,
    checks: {
      jobs: async () => finding(await count((kind) => kind !== 'mail')),
      mail: async () =>
        options.mail === null
          ? { state: 'ok', detail: 'no mail server is configured' }
          : finding(await count((kind) => kind === 'mail')),
    },
    start: async () => {
      await scheduler.ensure()
      await mails.recipients()
      const state = sequencer.state()
      // What was stopped before anybody listened, and what an earlier process left as stopped.
      chainState(state)
      runner.start()
    },
    settled: async () => {
      await Promise.all(background)
    },
    close: async () => {
      await runner.close()
      await Promise.all(background)
      await maintenance?.close()
    },
  }
}
