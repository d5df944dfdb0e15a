import { z } from 'zod'
import type { Json } from '../../shared/audit/json.ts'
import { AppError } from '../../shared/contract/errors.ts'
import { AlarmKind, MailRecipient } from '../../shared/contract/routes/alarms.ts'
import { readSetting } from '../db/repositories/jobs-settings.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import { doubling } from '../jobs/job.ts'
import type { JobHandler } from '../jobs/job.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Tell } from '../services/change.ts'
import type { SendMail } from './sender.ts'
import { mailText } from './texts.ts'
import type { MailValues } from './texts.ts'

/** Name of the setting that says who is told. */
export const MAIL_SETTING = 'mail'
export const MailSettings = z.strictObject({ recipients: z.array(MailRecipient) })
export type MailSettings = z.infer<typeof MailSettings>

const Body = z.strictObject({
  to: MailRecipient,
  values: z.strictObject({
    server: z.string(),
    url: z.string(),
    at: z.number(),
    alarm: z.strictObject({ kind: AlarmKind, key: z.string(), detail: z.string() }).optional(),
  }),
})

export interface MailJobsDeps {
  readonly db: OperationalDatabase
  readonly tenant: string
  /** Null: no mail server is configured, and no mail is made. */
  readonly send: SendMail | null
  readonly queue: JobQueue
}

const MINUTE_MS = 60_000

/** Mails as jobs. */
export class MailJobs {
  readonly #deps: MailJobsDeps
  #lastKnown: readonly MailRecipient[] = []

  constructor(deps: MailJobsDeps) {
    this.#deps = deps
  }

  /** Who is told; empty while nobody is set. */
  async recipients(
    db: OperationalDatabase | OperationalTransaction = this.#deps.db,
  ): Promise<readonly MailRecipient[]> {
    const { value } = await readSetting(db, this.#deps.tenant, MAIL_SETTING)
    this.#lastKnown = value === undefined ? [] : MailSettings.parse(value).recipients
    return this.#lastKnown
  }

  get isConfigured(): boolean {
    return this.#deps.send !== null
  }

  /** One job for a mail to one recipient, in the caller's transaction. Throws MAIL_NOT_CONFIGURED. */
  async add(trx: OperationalTransaction, tell: Tell, to: MailRecipient, values: MailValues): Promise<string> {
    if (!this.#deps.send) throw new AppError('MAIL_NOT_CONFIGURED')
    const body = { to: { ...to }, values: { ...values } } as unknown as Json
    const id = await this.#deps.queue.add(trx, tell, { kind: 'mail', body }, values.at)
    if (id === null) throw new AppError('INTERNAL', { reason: 'mail-not-made' })
    return id
  }

  /** A mail to everyone set. Nothing where no mail server is configured or nobody is set. */
  async addToAll(trx: OperationalTransaction, tell: Tell, values: MailValues): Promise<number> {
    if (!this.#deps.send) return 0
    const all = await this.recipients(trx)
    for (const to of all) await this.add(trx, tell, to, values)
    return all.length
  }

  /**
   * Straight to whoever was known last, past a database that is not there: for the alarm that says so. Nothing is
   * durable and nothing is tried again. Never rejects; gives how many mails left.
   */
  async sendPastDatabase(id: string, values: MailValues): Promise<number> {
    const { send } = this.#deps
    if (!send) return 0
    const sent = await Promise.allSettled(
      this.#lastKnown.map((to) => send({ id, to: to.address, ...mailText(to.language, values) })),
    )
    return sent.filter((one) => one.status === 'fulfilled').length
  }

  /** Tries for about a day: half a minute, a minute, … up to two hours apart. */
  handler(): JobHandler {
    return {
      maxAttempts: 20,
      isExclusive: false,
      backoffMs: doubling(MINUTE_MS / 2, 120 * MINUTE_MS),
      keptBody: {},
      run: async (job) => {
        const { send } = this.#deps
        if (!send) throw new AppError('MAIL_NOT_CONFIGURED')
        const { to, values } = Body.parse(job.body)
        const { alarm, ...plain } = values
        const told = mailText(to.language, { ...plain, ...(alarm === undefined ? {} : { alarm }) })
        await send({ id: job.id.replace('_', '-'), to: to.address, ...told })
      },
    }
  }
}
