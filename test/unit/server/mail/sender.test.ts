import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { smtpSender } from '../../../../server/mail/sender.ts'
import type { MailServer } from '../../../../server/mail/sender.ts'
import { openSmtp, plain } from './smtp-bench.ts'
import type { SmtpBench } from './smtp-bench.ts'

let smtp: SmtpBench
afterEach(() => smtp.close())

const mail = { id: 'job-1', to: 'anna@example.test', subject: 'Allarme', text: 'Così è successo.\n' }
const send = (more: Partial<MailServer> = {}) => smtpSender({ ...smtp.server, ...more })(mail)

describe.each(['tls', 'starttls'] as const)('when a mail is sent over %s', (security) => {
  it('arrives, signed in, under the id of its job', async () => {
    smtp = await openSmtp(security)
    await send()
    await send()
    expect(smtp.mails).toHaveLength(2)
    for (const text of smtp.mails) {
      expect(text).toMatch(/^Message-ID: <job-1@example\.test>/im)
      expect(text).toMatch(/^To: anna@example\.test/im)
      expect(text).toMatch(/^Auto-Submitted: auto-generated/im)
      expect(plain(text)).toContain('Così è successo.')
    }
  })

  it('does not leave to a server whose certificate nobody vouches for', async () => {
    smtp = await openSmtp(security)
    await expect(send({ caFile: null })).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' })
    expect(smtp.mails).toEqual([])
  })

  it('does not leave to a server by another name', async () => {
    smtp = await openSmtp(security)
    await expect(send({ host: '127.0.0.2' })).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' })
    expect(smtp.mails).toEqual([])
  })
})

describe('when the mail server refuses', () => {
  it.each([
    [451, 'MAIL_UNAVAILABLE'],
    [421, 'MAIL_UNAVAILABLE'],
    [550, 'MAIL_REFUSED'],
    [553, 'MAIL_REFUSED'],
  ])('with %i it is %s', async (reply, code) => {
    smtp = await openSmtp('tls')
    smtp.refuse(reply)
    await expect(send()).rejects.toMatchObject({ code })
  })

  it('a wrong password can be mended, and never shows', async () => {
    smtp = await openSmtp('tls')
    writeFileSync(smtp.server.passwordFile ?? '', 'wrong-password-here')
    const error: unknown = await send().catch((one: unknown) => one)
    expect(error).toMatchObject({ code: 'MAIL_UNAVAILABLE' })
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('wrong-password-here')
  })

  it('a server that offers no STARTTLS gets neither password nor mail', async () => {
    smtp = await openSmtp('starttls', { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] })
    await expect(send()).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' })
    expect(smtp.mails).toEqual([])
  })

  it('nobody there, or nobody who answers, ends in time', async () => {
    smtp = await openSmtp('tls')
    const sockets = new Set<Socket>()
    const mute = createServer((socket) => void sockets.add(socket.on('error', () => undefined)))
    await new Promise<void>((resolve) => {
      mute.listen(0, '127.0.0.1', resolve)
    })
    const { port } = mute.address() as AddressInfo
    await expect(send({ port, timeoutMs: 200 })).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' })
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => {
      mute.close(resolve)
    })
    await expect(send({ port })).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' })
  })
})
