import { hashOf } from '../../../shared/pki/signature-hash.ts'
import type { HashName, SignatureAlgorithm } from '../../../shared/pki/types.ts'
import { HASHES, sha1 } from './hashes.ts'
import { readPublicKey, verifyWith } from './public-keys.ts'

// Stands in for shared/pki/crypto.ts where there is no node:crypto; test/unit/renderer/verify holds the two together.

export function digest(hash: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = HASHES[hash].create()
  for (const part of parts) state.update(part)
  return state.digest()
}

export const sha1Name = (...parts: readonly Uint8Array[]): Uint8Array => {
  const state = sha1.create()
  for (const part of parts) state.update(part)
  return state.digest()
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, place) => byte === b[place])
}

export function isSignedBy(
  algorithm: SignatureAlgorithm,
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const scheme = algorithm.startsWith('rsa-pss-') ? 'pss' : 'pkcs1'
    return verifyWith(readPublicKey(spki), scheme, hashOf(algorithm), data, signature)
  } catch {
    // A point off the curve, a signature that is no DER: not valid.
    return false
  }
}
