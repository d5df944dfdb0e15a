import { AppError } from '../../shared/contract/errors.ts'
import type { AlarmDetail, AlarmKind } from '../../shared/contract/routes/alarms.ts'
import { newId } from '../db/index.ts'
import { changeAlarm, findOpenAlarm, insertAlarm, lastMailed } from '../db/repositories/alarms.ts'
import type { AlarmRow } from '../db/repositories/alarms.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { OwnChanges } from '../jobs/own-changes.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Log } from '../log/log.ts'
import type { MailJobs } from '../mail/mail-jobs.ts'
import type { MailValues } from '../mail/texts.ts'
import type { Tell } from '../services/change.ts'

/** Something wrong with the installation. `key` says with what of it; one alarm of a kind and key is open at a time. */
export interface RaisedAlarm {
  readonly kind: AlarmKind
  readonly key: string
  readonly severity: 'warning' | 'critical'
  /**
   * Codes, numbers and names of things; no secret, no person. Where it holds `proofs` (a number), what is raised with
   * fewer leaves what was kept with more: anyone may raise one that shows nothing.
   */
  readonly detail: AlarmDetail
}

export interface AlarmsDeps {
  readonly own: OwnChanges
  readonly queue: JobQueue
  readonly mails: MailJobs
  readonly log: Log
  /** For the mail: the server's name and where its console is. */
  readonly server: { readonly name: string; readonly url: string }
  /** A second mail about the same kind and key leaves no sooner. */
  readonly mailEveryMs?: number
}

const MAIL_EVERY_MS = 3_600_000

const detailText = (detail: AlarmDetail): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(', ')

const proofsOf = ({ proofs }: AlarmDetail): number => (typeof proofs === 'number' ? proofs : 0)

const snapshot = (alarm: RaisedAlarm & { readonly id: string }, more: object) => ({
  id: alarm.id,
  name: `${alarm.kind} ${alarm.key}`.slice(0, 200),
  kind: alarm.kind,
  key: alarm.key,
  severity: alarm.severity,
  detail: { ...alarm.detail },
  ...more,
})

/**
 * Alarms: kept, audited, logged, mailed, shown. Alarm, audit intent and mails are one commit, which does not wait for
 * the chain: that the chain cannot be written is itself an alarm. Where even the operational database is away the log
 * line and a mail past the database are what is left.
 */
export class Alarms {
  readonly #deps: AlarmsDeps
  readonly #mailedPast = new Map<string, number>()

  constructor(deps: AlarmsDeps) {
    this.#deps = deps
  }

  /** Raises it, or counts it once more. Call outside transactions. Never rejects: what cannot be kept is logged. */
  async raise(alarm: RaisedAlarm): Promise<void> {
    const { log, own, queue } = this.#deps
    try {
      const keep = () => own.run(`alarm:${alarm.kind}`, (trx, tell) => this.#keep(trx, tell, alarm))
      // Raised by two nodes at once: the second meets the first one's row, and counts.
      const isNew = await keep().catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'REQUEST_CONFLICT') return keep()
        throw error
      })
      const level = alarm.severity === 'critical' ? 'fatal' : 'error'
      if (isNew) log[level]({ alarm: alarm.kind, key: alarm.key, detail: alarm.detail }, 'alarm')
      queue.wake()
    } catch (error) {
      await this.#raisePastDatabase(alarm, error)
    }
  }

  /** Its cause is gone. Never rejects; nothing where none is open. */
  async clear(kind: AlarmKind, key: string): Promise<void> {
    const { log, own } = this.#deps
    try {
      const isCleared = await own.run(`alarm:${kind}`, async (trx, tell) => {
        const open = await findOpenAlarm(trx, own.tenant, kind, key)
        if (!open) return false
        const at = own.now()
        if (!(await changeAlarm(trx, open, { cleared_at: at, updated_at: at }))) return false
        const object = { type: 'alarm', id: open.id } as const
        const before = { id: open.id, name: `${kind} ${key}`.slice(0, 200), clearedAt: null }
        await tell({ action: 'Modification', object, before, after: { ...before, clearedAt: at } })
        return true
      })
      if (isCleared) log.info({ alarm: kind, key }, 'alarm cleared')
    } catch (error) {
      log.error({ alarm: kind, key, cause: String(error) }, 'alarm could not be cleared')
    }
  }

  /** True where the alarm is new. */
  async #keep(trx: OperationalTransaction, tell: Tell, alarm: RaisedAlarm): Promise<boolean> {
    const { own } = this.#deps
    const at = own.now()
    const key = alarm.key.slice(0, 200)
    const open = await findOpenAlarm(trx, own.tenant, alarm.kind, key)
    const isMailDue = await this.#isMailDue(trx, alarm.kind, key, at)
    // A mail about mail that cannot be delivered could not be delivered, and would make the next.
    const isMailed = isMailDue && alarm.kind !== 'mail-undeliverable'
    if (open) await this.#again(trx, tell, open, alarm, isMailDue ? at : null)
    else await this.#first(trx, tell, { ...alarm, key }, isMailDue ? at : null)
    if (isMailed) await this.#deps.mails.addToAll(trx, tell, this.#values(alarm, at))
    return open === null
  }

  async #first(trx: OperationalTransaction, tell: Tell, alarm: RaisedAlarm, mailedAt: number | null): Promise<void> {
    const { own } = this.#deps
    const at = own.now()
    const id = newId('alarm', at)
    await insertAlarm(trx, {
      id,
      tenant: own.tenant,
      kind: alarm.kind,
      key: alarm.key,
      severity: alarm.severity,
      detail: JSON.stringify(alarm.detail),
      last_raised_at: at,
      times: 1,
      mailed_at: mailedAt,
      acknowledged_at: null,
      acknowledged_by: null,
      note: null,
      cleared_at: null,
      created_at: at,
      updated_at: at,
    })
    await tell({ action: 'Insertion', object: { type: 'alarm', id }, after: snapshot({ ...alarm, id }, { times: 1 }) })
  }

  async #again(
    trx: OperationalTransaction,
    tell: Tell,
    open: AlarmRow,
    raised: RaisedAlarm,
    mailedAt: number | null,
  ): Promise<void> {
    const at = this.#deps.own.now()
    const known = JSON.parse(open.detail) as AlarmDetail
    const isLess = proofsOf(raised.detail) < proofsOf(known)
    const alarm = isLess ? { ...raised, severity: open.severity, detail: known } : raised
    const change = {
      severity: alarm.severity,
      detail: JSON.stringify(alarm.detail),
      last_raised_at: at,
      times: open.times + 1,
      updated_at: at,
      ...(mailedAt === null ? {} : { mailed_at: mailedAt }),
    }
    const isChanged = await changeAlarm(trx, open, change)
    // One that is raised each second must not fill the chain: it is told as often as by mail.
    if (!isChanged || mailedAt === null) return
    const object = { type: 'alarm', id: open.id } as const
    const now = { ...alarm, id: open.id }
    const before = { ...snapshot(now, { times: open.times }), detail: known }
    await tell({ action: 'Modification', object, before, after: snapshot(now, { times: open.times + 1 }) })
  }

  async #isMailDue(trx: OperationalTransaction, kind: AlarmKind, key: string, at: number): Promise<boolean> {
    const last = await lastMailed(trx, this.#deps.own.tenant, kind, key)
    return last === null || at - last >= (this.#deps.mailEveryMs ?? MAIL_EVERY_MS)
  }

  #values(alarm: RaisedAlarm, at: number): MailValues {
    const { name, url } = this.#deps.server
    return { server: name, url, at, alarm: { kind: alarm.kind, key: alarm.key, detail: detailText(alarm.detail) } }
  }

  async #raisePastDatabase(alarm: RaisedAlarm, error: unknown): Promise<void> {
    const { log, own, mails } = this.#deps
    const cause = error instanceof Error ? error.stack : String(error)
    log.fatal({ alarm: alarm.kind, key: alarm.key, detail: alarm.detail, cause }, 'alarm that could not be kept')
    const name = `${alarm.kind} ${alarm.key}`
    const at = own.now()
    const last = this.#mailedPast.get(name)
    if (last !== undefined && at - last < (this.#deps.mailEveryMs ?? MAIL_EVERY_MS)) return
    this.#mailedPast.set(name, at)
    await mails.sendPastDatabase(newId('alarm', at).replace('_', '-'), this.#values(alarm, at))
  }
}
