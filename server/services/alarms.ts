import { AppError, type HttpAnswer } from '../../shared/contract/index.ts'
import type { AlarmDetail, AlarmView, MailRecipient, MailSettingsView } from '../../shared/contract/routes/alarms.ts'
import { changeAlarm, listAlarms, readAlarm } from '../db/repositories/alarms.ts'
import type { AlarmRow } from '../db/repositories/alarms.ts'
import type { Directory } from '../db/repositories/directory.ts'
import { countJobs } from '../db/repositories/jobs.ts'
import { readSetting, writeSetting } from '../db/repositories/jobs-settings.ts'
import type { OperationalDatabase } from '../db/schema.ts'
import type { JobQueue } from '../jobs/queue.ts'
import { MAIL_SETTING, MailSettings } from '../mail/mail-jobs.ts'
import type { MailJobs } from '../mail/mail-jobs.ts'
import type { MailServer } from '../mail/sender.ts'
import type { Call } from './call.ts'
import type { Changes } from './change.ts'
import { tellConfigurationRead } from './configuration-read.ts'
import { assertVersion } from './deps.ts'
import { assertEverything } from './jobs.ts'
import { etagOf, operatorRef } from './views.ts'

export interface AlarmServiceDeps {
  readonly db: OperationalDatabase
  readonly directory: Directory
  readonly changes: Changes
  readonly queue: JobQueue
  readonly mails: MailJobs
  readonly mailServer: MailServer | null
  readonly server: { readonly name: string; readonly url: string }
}

/** Alarms and the mail that tells of them, as people see and set them. */
export class AlarmService {
  readonly #deps: AlarmServiceDeps

  constructor(deps: AlarmServiceDeps) {
    this.#deps = deps
  }

  async list(
    call: Call,
    query: { readonly cursor?: string | undefined; readonly limit: number; readonly state: 'open' | 'all' },
  ): Promise<HttpAnswer<'listAlarms'>> {
    assertEverything(call)
    const { state, ...request } = query
    const { items, next } = await listAlarms(this.#deps.db, call.actor.tenant, state === 'open', request)
    return { items: items.map((row) => this.#view(row)), next }
  }

  /** Who acknowledged first stays. Throws ALARM_NOT_FOUND, REQUEST_CONFLICT where it changed meanwhile. */
  acknowledge(call: Call, id: string, note: string | null): Promise<AlarmView> {
    assertEverything(call)
    return this.#deps.changes.run(call, async (trx, tell) => {
      const row = await readAlarm(trx, call.actor.tenant, id)
      if (!row) throw new AppError('ALARM_NOT_FOUND', { id })
      const by = call.actor.operator.id
      const change = {
        acknowledged_at: row.acknowledged_at ?? call.at,
        acknowledged_by: row.acknowledged_by ?? by,
        note: row.acknowledged_at === null ? note : row.note,
        updated_at: call.at,
      }
      if (!(await changeAlarm(trx, row, change))) throw new AppError('REQUEST_CONFLICT', { reason: 'alarm' })
      const name = `${row.kind} ${row.key}`.slice(0, 200)
      await tell({
        action: 'Modification',
        object: { type: 'alarm', id },
        before: { id, name, acknowledgedAt: row.acknowledged_at, acknowledgedBy: row.acknowledged_by },
        after: { id, name, acknowledgedAt: change.acknowledged_at, acknowledgedBy: change.acknowledged_by },
        reason: note,
      })
      return this.#view({ ...row, ...change, version: row.version + 1 })
    })
  }

  async readMail(call: Call): Promise<MailSettingsView> {
    assertEverything(call)
    const { db, mails, changes } = this.#deps
    await tellConfigurationRead(changes, call, 'mail-settings')
    const { version } = await readSetting(db, call.actor.tenant, MAIL_SETTING)
    return this.#mailView(call, await mails.recipients(), version)
  }

  /** Throws REQUEST_PRECONDITION_FAILED. */
  async setMail(call: Call, recipients: readonly MailRecipient[]): Promise<MailSettingsView> {
    assertEverything(call)
    const { changes, mails } = this.#deps
    const { tenant } = call.actor
    const version = await changes.run(call, async (trx, tell) => {
      const old = await readSetting(trx, tenant, MAIL_SETTING)
      assertVersion(call, old.version)
      const value = MailSettings.parse({ recipients })
      const isWritten = await writeSetting(trx, tenant, MAIL_SETTING, { value, version: old.version, at: call.at })
      if (!isWritten) throw new AppError('REQUEST_PRECONDITION_FAILED')
      const before = old.value === undefined ? { recipients: [] } : MailSettings.parse(old.value)
      const object = { type: 'mail-settings', id: MAIL_SETTING } as const
      await tell({ action: 'Modification', object, before, after: value })
      return old.version + 1
    })
    return this.#mailView(call, await mails.recipients(), version)
  }

  /** Only to an address that is set: the server writes to nobody else. Throws MAIL_NOT_CONFIGURED, NOT_FOUND. */
  async testMail(call: Call, address: string): Promise<HttpAnswer<'sendTestMail'>> {
    assertEverything(call)
    const { changes, mails, queue, server } = this.#deps
    const answer = await changes.create(call, async (trx, tell) => {
      if (!mails.isConfigured) throw new AppError('MAIL_NOT_CONFIGURED')
      const to = (await mails.recipients(trx)).find((one) => one.address === address)
      if (!to) throw new AppError('NOT_FOUND', { reason: 'recipient' })
      return { job: await mails.add(trx, tell, to, { server: server.name, url: server.url, at: call.at }) }
    })
    queue.wake()
    return answer
  }

  async #mailView(call: Call, recipients: readonly MailRecipient[], version: number): Promise<MailSettingsView> {
    const { db, mailServer } = this.#deps
    const jobs = (await countJobs(db, call.actor.tenant, call.at)).filter(({ kind }) => kind === 'mail')
    const count = (isCounted: (state: string) => boolean): number =>
      jobs.filter(({ state }) => isCounted(state)).reduce((sum, one) => sum + one.jobs, 0)
    return {
      recipients: [...recipients],
      server: mailServer && {
        host: mailServer.host,
        port: mailServer.port,
        security: mailServer.security,
        from: mailServer.from,
      },
      waiting: count((state) => state !== 'dead'),
      undeliverable: count((state) => state === 'dead'),
      etag: etagOf(version),
    }
  }

  #view(row: AlarmRow): AlarmView {
    return {
      id: row.id,
      kind: row.kind as AlarmView['kind'],
      key: row.key,
      severity: row.severity,
      detail: JSON.parse(row.detail) as AlarmDetail,
      raisedAt: row.created_at,
      lastRaisedAt: row.last_raised_at,
      times: row.times,
      acknowledgedAt: row.acknowledged_at,
      acknowledgedBy: row.acknowledged_by === null ? null : operatorRef(this.#deps.directory, row.acknowledged_by),
      clearedAt: row.cleared_at,
      etag: etagOf(row.version),
    }
  }
}
