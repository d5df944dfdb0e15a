import { createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, randomBytes, type KeyObject } from 'node:crypto'
import { AppError, PublicJwk, SESSION_INFO, type SignInChallenge } from '../../shared/contract/index.ts'
import { newId } from '../db/index.ts'
import type { NonceSource } from '../hsm/mixed-random.ts'

export const CHALLENGE_MS = 60_000
const MAX_OPEN = 20_000
const NONCE_BYTES = 32

/** One half of a key agreement, waiting for a statement that names it. */
export interface OpenExchange {
  readonly id: string
  readonly nonce: string
  readonly privateKey: KeyObject
  readonly publicJwk: PublicJwk
  readonly expiresAt: number
}

const jwkOf = (key: KeyObject): PublicJwk => {
  const { kty, crv, x, y } = key.export({ format: 'jwk' })
  return PublicJwk.parse({ kty, crv, x, y })
}

export const openExchange = (prefix: string, expiresAt: number, nonceOf: NonceSource = randomBytes): OpenExchange => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    id: newId(prefix),
    nonce: Buffer.from(nonceOf(NONCE_BYTES)).toString('base64url'),
    privateKey,
    publicJwk: jwkOf(publicKey),
    expiresAt,
  }
}

/**
 * HKDF-SHA256 (RFC 5869) over the ECDH secret (SP 800-56A 5.7.1.2), salted with the nonce: 32 octets that both ends know
 * and nobody between. Throws SIGN_IN_STATEMENT_INVALID (`session-key`) for a point that is not on the curve.
 */
export const deriveProofKey = (exchange: OpenExchange, sessionKey: PublicJwk): Uint8Array => {
  const { kty, crv, x, y } = sessionKey
  try {
    const publicKey = createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' })
    const secret = diffieHellman({ privateKey: exchange.privateKey, publicKey })
    const key = hkdfSync('sha256', secret, Buffer.from(exchange.nonce, 'base64url'), SESSION_INFO, 32)
    secret.fill(0)
    return new Uint8Array(key)
  } catch (cause) {
    throw new AppError('SIGN_IN_STATEMENT_INVALID', { reason: 'session-key' }, { cause })
  }
}

interface Challenge extends OpenExchange {
  readonly station: string
}

/** Open sign-in challenges: in memory, used once, gone after a minute, bounded in number (the oldest makes room). */
export class Challenges {
  readonly #open = new Map<string, Challenge>()
  readonly #serverName: string
  readonly #nonceOf: NonceSource

  constructor(serverName: string, nonceOf: NonceSource = randomBytes) {
    this.#serverName = serverName
    this.#nonceOf = nonceOf
  }

  create(station: string, now: number): SignInChallenge {
    this.#sweep(now)
    const challenge: Challenge = { ...openExchange('challenge', now + CHALLENGE_MS, this.#nonceOf), station }
    this.#open.set(challenge.id, challenge)
    return {
      id: challenge.id,
      nonce: challenge.nonce,
      serverName: this.#serverName,
      ephemeralKey: challenge.publicJwk,
      expiresAt: challenge.expiresAt,
    }
  }

  /** Takes it away: whatever comes of the sign-in, it is never good again. Throws SIGN_IN_CHALLENGE_INVALID. */
  take(id: string, now: number): Challenge {
    const challenge = this.#open.get(id)
    this.#open.delete(id)
    if (!challenge || challenge.expiresAt < now) throw new AppError('SIGN_IN_CHALLENGE_INVALID')
    return challenge
  }

  #sweep(now: number): void {
    // Insertion order is time order: the first one still good ends the walk.
    for (const [id, { expiresAt }] of this.#open) {
      if (expiresAt >= now && this.#open.size < MAX_OPEN) break
      this.#open.delete(id)
    }
  }
}
