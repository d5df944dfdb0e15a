import type { ErrorCode } from '../../shared/contract/errors.ts'
import type { KeyAlgorithm, SignatureAlgorithm } from '../../shared/pki/index.ts'

export type { KeyAlgorithm, SignatureAlgorithm } from '../../shared/pki/index.ts'

/** Where keys live. `software` is for development: every screen and the health report must name it. */
export type KeyStoreKind = 'hsm' | 'software'

/**
 * One private key that can sign. The key never leaves its store.
 * Without a choice it signs as `signatureAlgorithmFor` says: SHA-256 for P-256 and RSA (PKCS#1 v1.5), SHA-384 for
 * P-384, SHA-512 for P-521, none for Ed25519.
 */
export interface Signer {
  /** What it was asked for by: its label, or `id:` and its CKA_ID. */
  readonly label: string
  readonly algorithm: KeyAlgorithm
  readonly kind: KeyStoreKind
  /** Signatures this key can make in this store, the usual one first; empty where the module cannot use it. */
  readonly signatures: readonly SignatureAlgorithm[]
  /** SubjectPublicKeyInfo, DER (RFC 5280 4.1.2.7). */
  publicKeySpki(): Uint8Array
  /**
   * Signs `data` itself, not a digest of it. ECDSA comes as DER; PSS has the digest's length of salt and MGF1 with the
   * same hash. Throws HSM_UNAVAILABLE, HSM_KEY_NOT_FOUND, HSM_ALGORITHM_UNSUPPORTED.
   */
  sign(data: Uint8Array, algorithm?: SignatureAlgorithm): Promise<Uint8Array>
}

/** A key as a list shows it. */
export interface KeyEntry {
  /** Its name for `signer`; `id:` and its CKA_ID, in hex, where its label is none of ours. */
  readonly label: string
  /** CKA_ID, lower-case hex; empty for none. */
  readonly id: string
  /** `secret`: seals data keys. `other`: a kind this product does not use. */
  readonly algorithm: KeyAlgorithm | 'secret' | 'other'
  /** SubjectPublicKeyInfo, DER; null for secret keys, and where the store does not have it. */
  readonly spki: Uint8Array | null
}

export type KeyStoreHealth = { readonly ok: true } | { readonly ok: false; readonly code: ErrorCode }

/**
 * Keys by label (1 to 32 of `a-z 0-9 . -`), or by `id:` and the CKA_ID in lower-case hex for keys that others made.
 * All calls may throw HSM_UNAVAILABLE; its detail says `reason`, see `failure.ts`.
 */
export interface KeyStore {
  readonly kind: KeyStoreKind
  /** For people: what and where, without secrets. */
  readonly description: string
  /** Throws HSM_KEY_NOT_FOUND. */
  signer(name: string): Promise<Signer>
  /**
   * Makes a key inside the store; durable when it returns. Throws REQUEST_CONFLICT where the label is taken,
   * HSM_ALGORITHM_UNSUPPORTED where the module does not make such keys.
   */
  generate(label: string, algorithm: KeyAlgorithm): Promise<Signer>
  /** Whether there is a key that signs of this name. */
  has(name: string): Promise<boolean>
  /** Every private and secret key, by label. */
  list(): Promise<readonly KeyEntry[]>
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
