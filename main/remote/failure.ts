import { AppError, Problem } from '../../shared/contract/index.ts'

const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_SOCKET_CLOSED', 'ECONNREFUSED'])
const UNTRUSTED =
  /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO)/

const codeOf = (error: unknown): string => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null
  return typeof code === 'string' ? code : ''
}

/** The connection was lost or not made: the same idempotent request may be sent once more. */
export const isConnectionLost = (error: unknown): boolean => LOST.has(codeOf(error))

/** What met us below HTTP, in our words. A wrong certificate is told apart from a server out of reach. */
export function translateTransport(error: unknown): AppError {
  if (error instanceof AppError) return error
  const code = codeOf(error)
  if (UNTRUSTED.test(code))
    return new AppError('NETWORK_UNTRUSTED_SERVER', { reason: code.slice(0, 60) }, { cause: error })
  if (code === 'ERR_BAD_RESPONSE') return new AppError('CONTRACT_MISMATCH', { reason: 'answer' }, { cause: error })
  return new AppError('NETWORK_OFFLINE', { reason: code.slice(0, 60) || 'unreachable' }, { cause: error })
}

/** An error answer (RFC 9457) as the error it stands for; CONTRACT_MISMATCH where it is not one of ours. */
export function translateProblem(status: number, body: unknown): AppError {
  const parsed = Problem.safeParse(body)
  if (!parsed.success) return new AppError('CONTRACT_MISMATCH', { status }, { cause: parsed.error })
  return new AppError(parsed.data.code, parsed.data.detail ?? {})
}
