import { createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, type KeyObject } from 'node:crypto'
import { type PublicJwk, SESSION_INFO } from '../../shared/contract/index.ts'

/** A fresh session key (P-256). The private half lives for one sign-in and is dropped after the derivation. */
export function makeSessionKey(): { privateKey: KeyObject; publicJwk: PublicJwk } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = publicKey.export({ format: 'jwk' })
  return { privateKey, publicJwk: { kty: 'EC', crv: 'P-256', x: x!, y: y! } }
}

/** HKDF-SHA256 over the shared secret, as `shared/contract/session.ts` fixes it. */
export function deriveProofKey(privateKey: KeyObject, serverKey: PublicJwk, nonce: string): Uint8Array {
  const { kty, crv, x, y } = serverKey
  const publicKey = createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' })
  const secret = diffieHellman({ privateKey, publicKey })
  const key = hkdfSync('sha256', secret, Buffer.from(nonce, 'base64url'), SESSION_INFO, 32)
  secret.fill(0)
  return new Uint8Array(key)
}
