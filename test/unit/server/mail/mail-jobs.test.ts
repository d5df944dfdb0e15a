import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MailJobs } from '../../../../server/mail/mail-jobs.ts'
import { smtpSender } from '../../../../server/mail/sender.ts'
import { openJobsBench, TENANT } from '../jobs/jobs-bench.ts'
import type { JobsBench } from '../jobs/jobs-bench.ts'
import { openSmtp, plain } from './smtp-bench.ts'
import type { SmtpBench } from './smtp-bench.ts'

let bench: JobsBench
let smtp: SmtpBench
beforeEach(async () => {
  bench = await openJobsBench()
  smtp = await openSmtp('tls')
})
afterEach(async () => {
  await bench.close()
  await smtp.close()
})

const values = { server: 'desk.example', url: 'https://desk.example', at: 0 }
const newMails = () =>
  new MailJobs({
    db: bench.databases.operational.db,
    tenant: TENANT,
    send: smtpSender(smtp.server),
    queue: bench.queue,
  })
const addMail = async (): Promise<string> => {
  const to = { address: 'anna@example.test', language: 'it' as const }
  return bench.own.run('test', (trx, tell) => newMails().add(trx, tell, to, values))
}
const untilWaiting = async (id: string): Promise<number> => {
  for (let turn = 0; turn < 600; turn += 1) {
    const { state, attempts, due_at: due } = await bench.job(id)
    if (state === 'waiting' && attempts > 0 && due > bench.clock.now()) return due
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('the mail does not wait')
}

describe('when the mail server is away for a while', () => {
  it('the mail waits in the database, over a restart, and leaves when the server is back; its address is then gone', async () => {
    smtp.refuse(451)
    const id = await addMail()
    const first = bench.runner({ mail: newMails().handler() })
    first.start()
    const due = await untilWaiting(id)
    expect(due - bench.clock.now()).toBe(30_000)
    expect(await bench.job(id)).toMatchObject({ last_error: 'MAIL_UNAVAILABLE' })
    await first.close()
    smtp.refuse(null)
    bench.clock.forward(30_000)
    bench.runner({ mail: newMails().handler() }).start()
    await bench.until(id, 'done')
    expect(smtp.mails).toHaveLength(1)
    expect(plain(smtp.mails[0] ?? '')).toContain('prova')
    expect((await bench.job(id)).body).not.toContain('anna')
    await bench.sequencer.recover()
    const { db } = bench.databases.audit
    for (const { bytes } of await db.selectFrom('payload').select('bytes').execute())
      expect(Buffer.from(bytes ?? []).includes('anna@')).toBe(false)
  })

  it('a mail refused for good is given up at once', async () => {
    smtp.refuse(550)
    const id = await addMail()
    bench.runner({ mail: newMails().handler() }).start()
    await bench.until(id, 'dead')
    expect(await bench.job(id)).toMatchObject({ attempts: 1, last_error: 'MAIL_REFUSED' })
  })

  it('without a mail server none is made', async () => {
    const mails = new MailJobs({ db: bench.databases.operational.db, tenant: TENANT, send: null, queue: bench.queue })
    await expect(
      bench.own.run('test', (trx, tell) => mails.add(trx, tell, { address: 'a@b.it', language: 'it' }, values)),
    ).rejects.toMatchObject({ code: 'MAIL_NOT_CONFIGURED' })
    expect(await bench.own.run('test', (trx, tell) => mails.addToAll(trx, tell, values))).toBe(0)
  })
})
