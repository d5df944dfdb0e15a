import { createHash, createPublicKey, constants, timingSafeEqual, verify } from 'node:crypto'
import { hashOf } from './signature-hash.ts'
import type { HashName, SignatureAlgorithm } from './types.ts'

// The only file of this folder that touches node:crypto, so that a browser twin can take its place.

/** Digest over the parts in order. */
export function digest(hash: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash(hash)
  for (const part of parts) state.update(part)
  return new Uint8Array(state.digest())
}

/** SHA-1 as a name for something proved otherwise (ESSCertID, OCSP CertID); never as the digest of what is signed. */
export const sha1Name = (...parts: readonly Uint8Array[]): Uint8Array => {
  const state = createHash('sha1')
  for (const part of parts) state.update(part)
  return new Uint8Array(state.digest())
}

/** Same bytes? In time that depends on the lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

/**
 * Does the signature verify? The caller has checked that the kind of key fits the algorithm. Anything the engine
 * cannot read (a point off the curve, a signature that is no DER) counts as no.
 */
export function isSignedBy(
  algorithm: SignatureAlgorithm,
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    if (algorithm.startsWith('rsa-pss-')) {
      const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      return verify(hashOf(algorithm), data, { key, ...padding }, signature)
    }
    return verify(hashOf(algorithm), data, key, signature)
  } catch {
    return false
  }
}
