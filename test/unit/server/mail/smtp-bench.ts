import { X509Certificate } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import type { SMTPServerOptions } from 'smtp-server'
import type { MailServer } from '../../../../server/mail/sender.ts'

/** A real mail server on the loopback, with a certificate of its own. */
export interface SmtpBench {
  readonly mails: string[]
  readonly server: MailServer
  /** Answers every mail with this reply until it is called with null. */
  refuse(code: number | null): void
  close(): Promise<void>
}

export const PASSWORD = 'correct-horse-battery'

export const openSmtp = async (
  security: 'tls' | 'starttls',
  more: Partial<SMTPServerOptions> = {},
): Promise<SmtpBench> => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-smtp-'))
  const [keyFile, caFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile]
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, '-out', caFile, ...subject], { stdio: 'ignore' })
  if (!new X509Certificate(readFileSync(caFile)).checkHost('localhost')) throw new Error('no certificate')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 })
  const mails: string[] = []
  let reply: number | null = null
  const server = new SMTPServer({
    secure: security === 'tls',
    key: readFileSync(keyFile),
    cert: readFileSync(caFile),
    authMethods: ['PLAIN', 'LOGIN'],
    onAuth: ({ username, password }, _session, done) =>
      username === 'desk' && password === PASSWORD ? done(null, { user: 'desk' }) : done(new Error('no')),
    onRcptTo: (_address, _session, done) => {
      if (reply === null) return done()
      return done(Object.assign(new Error('refused'), { responseCode: reply }))
    },
    onData: (stream, _session, done) => {
      let text = ''
      stream.on('data', (part: Buffer) => {
        text += part.toString()
      })
      stream.on('end', () => {
        mails.push(text)
        done()
      })
    },
    ...more,
  })
  // A client that does not trust the certificate hangs up in the handshake; that is one of the tests.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.server.address() as AddressInfo
  return {
    mails,
    server: {
      host: 'localhost',
      port,
      security,
      from: 'desk@example.test',
      user: 'desk',
      passwordFile,
      caFile,
      timeoutMs: 2000,
    },
    refuse: (code) => {
      reply = code
    },
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(resolve)
      })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A mail's text with its transfer encoding undone. */
export const plain = (mail: string): string => {
  const body = mail.slice(mail.indexOf('\r\n\r\n') + 4)
  if (/transfer-encoding: base64/i.test(mail)) return Buffer.from(body, 'base64').toString('utf8')
  if (!/transfer-encoding: quoted-printable/i.test(mail)) return body
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
