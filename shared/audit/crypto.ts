import { createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { encodeBase64url } from './base64url.ts'
import { sha256 } from './bytes.ts'

/** Names of key algorithms as `Signer.algorithm` has them. ECDSA signatures are DER; RSA is PKCS#1 v1.5 with SHA-256. */
export type KeyAlgorithm = 'ed25519' | 'ecdsa-p256' | 'ecdsa-p384' | 'rsa-2048' | 'rsa-3072' | 'rsa-4096'

/** How a signature is checked; injected, so that a verifier elsewhere may bring its own. False for anything not valid. */
export type VerifySignature = (spki: Uint8Array, data: Uint8Array, signature: Uint8Array) => boolean

/** A key's name in the chain: SHA-256 of its DER SubjectPublicKeyInfo, base64url. */
export const keyIdOf = (spki: Uint8Array): string => encodeBase64url(sha256(spki))

const CURVES: Readonly<Record<string, KeyAlgorithm>> = { prime256v1: 'ecdsa-p256', secp384r1: 'ecdsa-p384' }
const HASHES: Readonly<Record<KeyAlgorithm, string | null>> = {
  ed25519: null,
  'ecdsa-p256': 'sha256',
  'ecdsa-p384': 'sha384',
  'rsa-2048': 'sha256',
  'rsa-3072': 'sha256',
  'rsa-4096': 'sha256',
}

const algorithmOf = (key: KeyObject): KeyAlgorithm | null => {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519'
  if (key.asymmetricKeyType === 'ec') return CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? null
  if (key.asymmetricKeyType !== 'rsa') return null
  const name = `rsa-${key.asymmetricKeyDetails?.modulusLength ?? 0}`
  return Object.hasOwn(HASHES, name) ? (name as KeyAlgorithm) : null
}

interface ReadKey {
  readonly key: KeyObject
  readonly algorithm: KeyAlgorithm
}

const read = (spki: Uint8Array): ReadKey | null => {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    const algorithm = algorithmOf(key)
    return algorithm ? { key, algorithm } : null
  } catch {
    return null
  }
}

/** The algorithm the key itself is for; null for a key or algorithm the chain does not know. */
export const keyAlgorithmOf = (spki: Uint8Array): KeyAlgorithm | null => read(spki)?.algorithm ?? null

/** Checks signatures with Node's OpenSSL. Keys read are kept: a chain uses few, an attacker's flood is bounded. */
export const createSignatureVerifier = (): VerifySignature => {
  const known = new WeakMap<Uint8Array, ReadKey | null>()
  return (spki, data, signature) => {
    if (!known.has(spki)) known.set(spki, read(spki))
    const found = known.get(spki)
    if (!found) return false
    try {
      return verify(HASHES[found.algorithm], data, found.key, signature)
    } catch {
      // Signature bytes that are not even of the right form.
      return false
    }
  }
}
