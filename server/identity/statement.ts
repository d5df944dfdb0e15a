import { createPublicKey, verify } from 'node:crypto'
import { parseCanonical } from '../../shared/audit/jcs.ts'
import { AppError, SignInStatement } from '../../shared/contract/index.ts'

/** How far a station's clock may be from ours. */
export const STATEMENT_SKEW_MS = 2 * 60_000

const refused = (reason: string, cause?: unknown): AppError =>
  new AppError('SIGN_IN_STATEMENT_INVALID', { reason }, { cause })

/** Reads a statement whose bytes must be canonical JSON of exactly its form. Throws SIGN_IN_STATEMENT_INVALID. */
export const parseStatement = (bytes: Uint8Array): SignInStatement => {
  let value: unknown
  try {
    value = parseCanonical(bytes)
  } catch (cause) {
    throw refused('not-canonical', cause)
  }
  const parsed = SignInStatement.safeParse(value)
  if (!parsed.success) throw refused('form', parsed.error)
  return parsed.data
}

export interface ExpectedStatement {
  readonly type: SignInStatement['type']
  readonly challenge: string
  readonly nonce: string
  readonly serverName: string
  /** SHA-256 of the DER of our TLS certificate, base64url. */
  readonly serverCertificate: string
  readonly station: string
  readonly console: { readonly request: string; readonly code: string } | null
  readonly at: number
}

/**
 * Is it about this server, this challenge, this station, now. Each check is against an attacker who carries a true
 * signature elsewhere: a relay (server name, TLS certificate), a replay (challenge, nonce, time), another machine (station).
 * Throws SIGN_IN_STATEMENT_INVALID with the member that differs.
 */
export const assertStatement = (statement: SignInStatement, expected: ExpectedStatement): void => {
  for (const member of ['type', 'challenge', 'nonce', 'serverName', 'serverCertificate', 'station'] as const) {
    if (statement[member] !== expected[member]) throw refused(member)
  }
  const { console: asked } = statement
  if (asked?.request !== expected.console?.request || asked?.code !== expected.console?.code) throw refused('console')
  if (Math.abs(statement.time - expected.at) > STATEMENT_SKEW_MS) throw refused('time')
}

/** The station's ECDSA P-256 signature over SHA-256 of the CMS. Throws STATION_UNKNOWN (`signature`). */
export const assertStationSigned = (publicKey: Uint8Array, cms: Uint8Array, signature: Uint8Array): void => {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  if (!verify('sha256', cms, { key, dsaEncoding: 'der' }, signature))
    throw new AppError('STATION_UNKNOWN', { reason: 'signature' })
}
