import { SESSION_INFO, type PublicJwk } from '../../../shared/contract/index.ts'
import { decodeBase64url } from './base64url.ts'

/** A fresh session key. The private part cannot be exported: a script that steals the page still cannot carry it away. */
export interface SessionKey {
  readonly privateKey: CryptoKey
  readonly publicJwk: PublicJwk
}

const CURVE = { name: 'ECDH', namedCurve: 'P-256' } as const

export const createSessionKey = async (): Promise<SessionKey> => {
  const pair = await crypto.subtle.generateKey(CURVE, false, ['deriveKey'])
  const { x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  if (x === undefined || y === undefined) throw new TypeError('a P-256 key has x and y')
  return { privateKey: pair.privateKey, publicJwk: { kty: 'EC', crv: 'P-256', x, y } }
}

/**
 * The key under which every request of the session is proved (contract/session.ts): ECDH, then HKDF-SHA256 (RFC 5869)
 * salted with the nonce. The shared secret goes from one derivation to the other inside the browser; neither it nor the
 * key is ever readable by a script.
 */
export const deriveProofKey = async (
  own: SessionKey,
  server: { readonly ephemeralKey: PublicJwk; readonly nonce: string },
): Promise<CryptoKey> => {
  const { kty, crv, x, y } = server.ephemeralKey
  const peer = await crypto.subtle.importKey('jwk', { kty, crv, x, y }, CURVE, false, [])
  const secret = await crypto.subtle.deriveKey({ name: 'ECDH', public: peer }, own.privateKey, 'HKDF', false, [
    'deriveKey',
  ])
  return crypto.subtle.deriveKey(
    {
      name: 'HKDF',
      hash: 'SHA-256',
      salt: decodeBase64url(server.nonce),
      info: new TextEncoder().encode(SESSION_INFO),
    },
    secret,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign'],
  )
}
