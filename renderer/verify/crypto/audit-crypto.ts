import { encodeBase64url } from '../../../shared/audit/base64url.ts'
import type { KeyAlgorithm, VerifySignature } from '../../../shared/audit/crypto.ts'
import { sha256 } from './audit-sha256.ts'
import { readPublicKey, verifyWith, type PublicKey } from './public-keys.ts'

// Stands in for shared/audit/crypto.ts where there is no node:crypto.

export type { KeyAlgorithm, VerifySignature } from '../../../shared/audit/crypto.ts'

export const keyIdOf = (spki: Uint8Array): string => encodeBase64url(sha256(spki))

const ALGORITHMS: ReadonlySet<string> = new Set([
  'ed25519',
  'ecdsa-p256',
  'ecdsa-p384',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
])

const nameOf = ({ info }: PublicKey): string => {
  if (info.kind === 'ed25519') return 'ed25519'
  return info.kind === 'ec' ? `ecdsa-${info.curve}` : `rsa-${info.bits}`
}

const read = (spki: Uint8Array): { readonly key: PublicKey; readonly algorithm: KeyAlgorithm } | null => {
  try {
    const key = readPublicKey(spki)
    const name = nameOf(key)
    return ALGORITHMS.has(name) ? { key, algorithm: name as KeyAlgorithm } : null
  } catch {
    return null
  }
}

export const keyAlgorithmOf = (spki: Uint8Array): KeyAlgorithm | null => read(spki)?.algorithm ?? null

const hashFor = (algorithm: KeyAlgorithm) => {
  if (algorithm === 'ed25519') return null
  return algorithm === 'ecdsa-p384' ? 'sha384' : 'sha256'
}

export const createSignatureVerifier = (): VerifySignature => {
  const known = new WeakMap<Uint8Array, ReturnType<typeof read>>()
  return (spki, data, signature) => {
    if (!known.has(spki)) known.set(spki, read(spki))
    const found = known.get(spki)
    if (!found) return false
    try {
      return verifyWith(found.key, 'pkcs1', hashFor(found.algorithm), data, signature)
    } catch {
      // Signature bytes that are not even of the right form.
      return false
    }
  }
}
