import { randomUUID } from 'node:crypto'
import { CompactEncrypt, importJWK } from 'jose'
import { SEALED_HEADER, type PublicJwk, type SealedContent } from '../../../../shared/contract/index.ts'

/** Seals as a screen or the server does. */
export async function seal(key: PublicJwk, content: Omit<SealedContent, 'jti'> & { jti?: string }): Promise<string> {
  const plain = Buffer.from(JSON.stringify({ jti: randomUUID(), ...content }))
  const { kty, crv, x, y } = key
  const publicKey = await importJWK({ kty, crv, x, y }, SEALED_HEADER.alg)
  return new CompactEncrypt(plain).setProtectedHeader({ ...SEALED_HEADER }).encrypt(publicKey)
}
