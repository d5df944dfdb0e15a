import { createECDH, createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import {
  AppError,
  PROOF_HEADER,
  PROOF_PATTERN,
  PROOF_SCHEME,
  PROOF_SKEW_MS,
  PROOF_WINDOW,
  proofInput,
  SESSION_INFO,
  type ConsoleRequest,
  type PublicJwk,
} from '../../../shared/contract/index.ts'

/** The server's half of a console sign-in and of the session proof, from the contract's words with node:crypto alone. */
export interface GateSession {
  readonly token: string
  readonly proofKey: Uint8Array
  readonly seen: Set<number>
  highest: number
}

const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ23456789'
const code = (): string => {
  const four = () => Array.from(randomBytes(4), (byte) => ALPHABET[byte % ALPHABET.length]).join('')
  return `${four()}-${four()}`
}
const point = (jwk: PublicJwk): Buffer =>
  Buffer.concat([Buffer.from([4]), Buffer.from(jwk.x, 'base64url'), Buffer.from(jwk.y, 'base64url')])

/** Answers a console's request and gives the session that will stand once it is approved. */
export const openSession = (
  sessionKey: PublicJwk,
  ttlMs: number,
): { request: ConsoleRequest; session: GateSession } => {
  const own = createECDH('prime256v1')
  const publicPoint = own.generateKeys()
  const nonce = randomBytes(32)
  const secret = own.computeSecret(point(sessionKey))
  return {
    request: {
      id: `console-request_${randomBytes(8).toString('hex')}`,
      code: code(),
      nonce: nonce.toString('base64url'),
      ephemeralKey: {
        kty: 'EC',
        crv: 'P-256',
        x: publicPoint.subarray(1, 33).toString('base64url'),
        y: publicPoint.subarray(33).toString('base64url'),
      },
      expiresAt: Date.now() + ttlMs,
    },
    session: {
      token: randomBytes(32).toString('base64url'),
      proofKey: new Uint8Array(hkdfSync('sha256', secret, nonce, SESSION_INFO, 32)),
      seen: new Set(),
      highest: 0,
    },
  }
}

export interface GateRequest {
  readonly method: string
  readonly path: string
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** The session whose proof the request carries; throws SESSION_REQUIRED or SESSION_PROOF_INVALID (detail: why). */
export const checkProof = (request: GateRequest, sessions: ReadonlyMap<string, GateSession>): GateSession => {
  const { authorization } = request.headers
  const token = typeof authorization === 'string' ? authorization.replace(`${PROOF_SCHEME} `, '') : ''
  const session = sessions.get(token)
  if (session === undefined) throw new AppError('SESSION_REQUIRED')
  const refuse = (why: string) => new AppError('SESSION_PROOF_INVALID', { why })
  const [, time, count, mac] = PROOF_PATTERN.exec(String(request.headers[PROOF_HEADER])) ?? []
  if (time === undefined || count === undefined || mac === undefined) throw refuse('form')
  const counter = Number(count)
  const input = proofInput({
    method: request.method,
    path: request.path,
    timeMs: Number(time),
    counter,
    bodyDigest: createHash('sha256').update(request.body).digest('base64url'),
    token,
  })
  const expected = createHmac('sha256', session.proofKey).update(input).digest()
  if (!timingSafeEqual(expected, Buffer.from(mac, 'base64url'))) throw refuse('mac')
  if (Math.abs(Number(time) - Date.now()) > PROOF_SKEW_MS) throw refuse('time')
  if (counter <= session.highest - PROOF_WINDOW || session.seen.has(counter)) throw refuse('counter')
  session.seen.add(counter)
  session.highest = Math.max(session.highest, counter)
  return session
}
