import type { ErrorCode } from '../../shared/contract/errors.ts'
import type { KeyAlgorithm } from '../../shared/pki/index.ts'

export type { KeyAlgorithm } from '../../shared/pki/index.ts'

/** Where keys live. `software` is for development: every screen and the health report must name it. */
export type KeyStoreKind = 'hsm' | 'software'

/**
 * One private key that can sign. The key never leaves its store.
 * Hash by algorithm: P-256, RSA (PKCS#1 v1.5): SHA-256; P-384: SHA-384; Ed25519: none.
 */
export interface Signer {
  readonly label: string
  readonly algorithm: KeyAlgorithm
  readonly kind: KeyStoreKind
  /** SubjectPublicKeyInfo, DER (RFC 5280 4.1.2.7). */
  publicKeySpki(): Uint8Array
  /** Signs `data` itself, not a digest of it. ECDSA comes as DER. Throws HSM_UNAVAILABLE, HSM_KEY_NOT_FOUND. */
  sign(data: Uint8Array): Promise<Uint8Array>
}

export type KeyStoreHealth = { readonly ok: true } | { readonly ok: false; readonly code: ErrorCode }

/**
 * Keys by label (1 to 32 of `a-z 0-9 . -`). All calls may throw HSM_UNAVAILABLE; its detail says `reason`, see
 * `failure.ts`.
 */
export interface KeyStore {
  readonly kind: KeyStoreKind
  /** For people: what and where, without secrets. */
  readonly description: string
  /** Throws HSM_KEY_NOT_FOUND. */
  signer(label: string): Promise<Signer>
  /** Makes a key inside the store; durable when it returns. Throws REQUEST_CONFLICT where the label is taken. */
  generate(label: string, algorithm: KeyAlgorithm): Promise<Signer>
  has(label: string): Promise<boolean>
  /** `bytes` random octets from the store's own generator, 1 to 4096. */
  random(bytes: number): Promise<Uint8Array>
  /** Makes the AES-256 wrapping key if there is none; it never leaves the store. Durable when it returns. */
  ensureWrappingKey(label: string): Promise<void>
  /** Seals a 16- to 64-octet data key under the wrapping key. The caller wipes `dataKey`. Throws HSM_KEY_NOT_FOUND. */
  wrap(label: string, dataKey: Uint8Array): Promise<Uint8Array>
  /** Opens what `wrap` gave. Throws SEALED_INVALID when it was altered or made under another key. The caller wipes it. */
  unwrap(label: string, wrapped: Uint8Array): Promise<Uint8Array>
  check(): Promise<KeyStoreHealth>
  /** Ends all sessions; later calls throw HSM_UNAVAILABLE `closed`. */
  close(): Promise<void>
}
