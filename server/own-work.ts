import { Alarms } from './alarms/alarms.ts'
import type { AuditSequencer } from './audit/ports.ts'
import type { ServerConfig } from './config.ts'
import type { OperationalDatabase } from './db/schema.ts'
import type { JobHandlers } from './jobs/job.ts'
import { OwnChanges } from './jobs/own-changes.ts'
import { JobQueue } from './jobs/queue.ts'
import type { Log } from './log/log.ts'
import { MailJobs } from './mail/mail-jobs.ts'
import { smtpSender, type MailServer } from './mail/sender.ts'

/** What everything the server does by itself stands on: changes without a caller, jobs to be made, mail, alarms. */
export interface OwnWork {
  readonly own: OwnChanges
  readonly queue: JobQueue
  readonly mails: MailJobs
  /** `raise`, `clear`; neither rejects. */
  readonly alarms: Alarms
  /** As shown to administrators; null: no mail is made. */
  readonly mailServer: MailServer | null
  /** As mails name this server. */
  readonly server: { readonly name: string; readonly url: string }
  /** Says what runs each kind; before the first job is made. */
  handle(handlers: JobHandlers): void
}

/** The mail server of the configuration; null where none is. */
const mailServerOf = ({ mail }: ServerConfig): MailServer | null =>
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

export const openOwnWork = (options: {
  readonly config: ServerConfig
  readonly db: OperationalDatabase
  readonly sequencer: AuditSequencer
  readonly tenant: string
  readonly log: Log
}): OwnWork => {
  const { config, db, sequencer, tenant, log } = options
  let known: JobHandlers | null = null
  const own = new OwnChanges({ db, sequencer, tenant, log })
  const queue = new JobQueue(tenant, (kind) => known?.[kind].maxAttempts ?? 1)
  const mailServer = mailServerOf(config)
  const mails = new MailJobs({ db, tenant, send: mailServer && smtpSender(mailServer), queue })
  const server = { name: config.name, url: config.publicUrl }
  const alarms = new Alarms({ own, queue, mails, log, server })
  return { own, queue, mails, alarms, mailServer, server, handle: (handlers) => void (known = handlers) }
}
