import { readFileSync } from 'node:fs'
import { AppError } from '../../shared/contract/errors.ts'

/** The mail server, as configured. The password lies in a file of its own and is read for each mail. */
export interface MailServer {
  readonly host: string
  readonly port: number
  /** `tls` from the first byte (RFC 8314), or `starttls` before anything is said; there is no third. */
  readonly security: 'tls' | 'starttls'
  readonly from: string
  readonly user: string | null
  readonly passwordFile: string | null
  /** Certificates that may sign the mail server's, beside those of the system. */
  readonly caFile: string | null
  readonly timeoutMs: number
}

export interface Mail {
  /** Names the mail for ever: sent twice it is the same mail. */
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** Sends one mail; resolves when the mail server took it over. Throws MAIL_UNAVAILABLE (try again), MAIL_REFUSED. */
export type SendMail = (mail: Mail) => Promise<void>

const readSecret = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw new AppError('MAIL_UNAVAILABLE', { reason: 'password-file' }, { cause })
  }
}

interface SmtpFailure extends Error {
  readonly code?: string
  readonly responseCode?: number
}

/** 5yz of RFC 5321 to sender, recipient or text is for good; what was refused before those, an administrator can mend. */
const isForGood = ({ code, responseCode = 0 }: SmtpFailure): boolean =>
  (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode >= 500

const translate = (cause: unknown): AppError => {
  const error = cause as SmtpFailure
  const detail = { reason: error.code ?? 'unknown', reply: error.responseCode ?? null }
  return new AppError(isForGood(error) ? 'MAIL_REFUSED' : 'MAIL_UNAVAILABLE', detail, { cause })
}

/** A sender over SMTP (RFC 5321), one connection a mail. The server's certificate is always verified. */
export const smtpSender =
  (server: MailServer): SendMail =>
  async ({ id, to, subject, text }) => {
    const { user, passwordFile, timeoutMs } = server
    const auth = user !== null && passwordFile !== null ? { user, pass: readSecret(passwordFile) } : undefined
    // Loaded with the first mail: no start waits for it.
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({
      host: server.host,
      port: server.port,
      secure: server.security === 'tls',
      requireTLS: server.security === 'starttls',
      ...(auth === undefined ? {} : { auth }),
      tls: {
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true,
        ...(server.caFile === null ? {} : { ca: readFileSync(server.caFile, 'utf8') }),
      },
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      // A text could otherwise name a file or an address to be fetched.
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    const domain =
      server.from
        .split('@')
        .at(-1)
        ?.replace(/[^A-Za-z0-9.-]/g, '') ?? server.host
    try {
      await transport.sendMail({
        from: server.from,
        to: { name: '', address: to },
        subject,
        text,
        messageId: `<${id}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
    } catch (error) {
      throw translate(error)
    } finally {
      transport.close()
    }
  }
