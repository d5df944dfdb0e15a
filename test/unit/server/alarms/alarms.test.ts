import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Alarms } from '../../../../server/alarms/alarms.ts'
import { Sequencer } from '../../../../server/audit/sequencer.ts'
import { writeSetting } from '../../../../server/db/repositories/jobs-settings.ts'
import { makeLog } from '../../../../server/log/log.ts'
import { MailJobs, MAIL_SETTING } from '../../../../server/mail/mail-jobs.ts'
import type { Mail } from '../../../../server/mail/sender.ts'
import { CHAIN } from '../audit/chain-bench.ts'
import { openJobsBench, TENANT } from '../jobs/jobs-bench.ts'
import type { JobsBench } from '../jobs/jobs-bench.ts'

let bench: JobsBench
let alarms: Alarms
let mails: MailJobs
let sent: Mail[]
let lines: string[]
const HOUR = 3_600_000

beforeEach(async () => {
  bench = await openJobsBench()
  sent = []
  lines = []
  const log = makeLog('trace', { write: (line: string) => void lines.push(line) })
  const send = (mail: Mail) => Promise.resolve(void sent.push(mail))
  mails = new MailJobs({ db: bench.databases.operational.db, tenant: TENANT, send, queue: bench.queue })
  const server = { name: 'desk.example', url: 'https://desk.example' }
  alarms = new Alarms({ own: bench.own, queue: bench.queue, mails, log, server })
  const recipients = [
    { address: 'anna@example.test', language: 'it' },
    { address: 'bob@example.test', language: 'en' },
  ]
  const set = { value: { recipients }, version: 0, at: 0 }
  await bench.own.run('test', (trx) => writeSetting(trx, TENANT, MAIL_SETTING, set))
  await mails.recipients()
})
afterEach(() => bench.close())

const rows = () => bench.databases.operational.db.selectFrom('alarm').selectAll().orderBy('id').execute()
const mailJobs = () => bench.databases.operational.db.selectFrom('job').selectAll().where('kind', '=', 'mail').execute()
const entries = async () => {
  await bench.sequencer.recover()
  return alarmEntries()
}
const alarmEntries = async () => {
  const { db } = bench.databases.audit
  const all = await db.selectFrom('entry').select(['object_id', 'bytes']).execute()
  return all.filter(({ bytes }) => Buffer.from(bytes).includes('"type":"alarm"')).length
}
const alarm = { kind: 'witness-stale' as const, key: 'witness-1', severity: 'warning' as const, detail: { hours: 30 } }

describe('when an alarm is raised', () => {
  it('is kept once, audited, logged, and mailed to each in their language', async () => {
    await alarms.raise(alarm)
    await alarms.raise(alarm)
    expect(await rows()).toMatchObject([{ kind: 'witness-stale', key: 'witness-1', times: 2, cleared_at: null }])
    expect(await entries()).toBe(1)
    expect(lines.filter((line) => line.includes('"alarm":"witness-stale"'))).toHaveLength(1)
    const runner = bench.runner({ mail: mails.handler() })
    runner.start()
    for (const { id } of await mailJobs()) await bench.until(id, 'done')
    expect(Object.fromEntries(sent.map((mail) => [mail.to, mail.subject.includes('testimone')]))).toEqual({
      'anna@example.test': true,
      'bob@example.test': false,
    })
    expect(JSON.stringify(await mailJobs())).not.toContain('@example.test')
  })

  it('mails again after an hour, not before, also where it was cleared in between', async () => {
    await alarms.raise(alarm)
    await alarms.clear('witness-stale', 'witness-1')
    await alarms.raise(alarm)
    expect(await mailJobs()).toHaveLength(2)
    bench.clock.forward(HOUR)
    await alarms.raise(alarm)
    expect(await mailJobs()).toHaveLength(4)
    expect((await rows()).filter((row) => row.cleared_at === null)).toHaveLength(1)
    expect(await rows()).toHaveLength(2)
  })

  it('another key is another alarm', async () => {
    await alarms.raise(alarm)
    await alarms.raise({ ...alarm, key: 'witness-2' })
    expect(await rows()).toHaveLength(2)
  })

  it('keeps what proves more when one is raised that proves less', async () => {
    const of = (proofs: number, said: string) => ({
      kind: 'witness-contradiction' as const,
      key: 'node-1 station/one',
      severity: proofs === 0 ? ('warning' as const) : ('critical' as const),
      detail: { said, proofs },
    })
    const kept = async () => {
      const [row] = await rows()
      return [row?.severity, JSON.parse(row?.detail ?? '{}') as object, row?.times]
    }
    await alarms.raise(of(2, 'two notes'))
    await alarms.raise(of(0, 'nothing'))
    expect(await kept()).toEqual(['critical', { said: 'two notes', proofs: 2 }, 2])
    await alarms.raise(of(4, 'a fork'))
    expect(await kept()).toEqual(['critical', { said: 'a fork', proofs: 4 }, 3])
    await alarms.raise(of(2, 'two notes'))
    expect(await kept()).toEqual(['critical', { said: 'a fork', proofs: 4 }, 4])
  })

  it('raised at once from many places it is one', async () => {
    await Promise.all(Array.from({ length: 10 }, () => alarms.raise(alarm)))
    const [row, ...others] = await rows()
    expect([row?.times, others]).toEqual([10, []])
  })

  it('of a mail that cannot be delivered it makes no mail', async () => {
    await alarms.raise({ ...alarm, kind: 'mail-undeliverable' })
    expect(await mailJobs()).toEqual([])
    expect(await rows()).toHaveLength(1)
  })
})

describe('when the chain cannot be written', () => {
  it('the alarm is kept, logged and mailed at once; its entry follows when the chain is there again', async () => {
    await bench.sequencer.close()
    await alarms.raise({ kind: 'chain-unwritable', key: 'node-1', severity: 'critical', detail: { reason: 'X' } })
    expect(await rows()).toHaveLength(1)
    expect(await mailJobs()).toHaveLength(2)
    expect(lines.join('')).toContain('"level":60')
    const waiting = await bench.databases.operational.db.selectFrom('audit_intent').select('id').execute()
    expect(waiting).toHaveLength(3)
    const next = new Sequencer({ ...bench.databases, chain: CHAIN, mode: 'epoch', signer: bench.signer })
    await next.start()
    await next.close()
    expect(await alarmEntries()).toBe(1)
  })
})

describe('when the operational database is away too', () => {
  it('log and mail are reached past it, rate-limited', async () => {
    await bench.databases.operational.close()
    await alarms.raise(alarm)
    await alarms.raise(alarm)
    expect(sent.map((mail) => mail.to).sort()).toEqual(['anna@example.test', 'bob@example.test'])
    expect(lines.filter((line) => line.includes('could not be kept'))).toHaveLength(2)
    await expect(alarms.clear('witness-stale', 'witness-1')).resolves.toBeUndefined()
  })
})
