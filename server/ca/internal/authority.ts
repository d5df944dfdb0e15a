import { AppError } from '../../../shared/contract/errors.ts'
import {
  assembleSigned,
  parseCertificate,
  PkiError,
  signatureAlgorithmFor,
  verifySignature,
  type Certificate,
  type SignatureAlgorithm,
} from '../../../shared/pki/index.ts'
import type { KeyStore, Signer } from '../../hsm/index.ts'
import type { CaName, CaStore, CertificateReservation, StoredCertificate } from '../store.ts'

/** A CA key together with its certificate. */
export interface Authority {
  readonly name: CaName
  readonly certificate: Certificate
  readonly signer: Signer
  readonly algorithm: SignatureAlgorithm
}

export const KEY_LABELS: Readonly<Record<CaName, string>> = { root: 'ca.root', issuing: 'ca.issuing' }
export const REQUEST_KEYS: Readonly<Record<CaName, string>> = { root: 'ca:root', issuing: 'ca:issuing' }

/** Opens a CA that was made. Throws CA_UNAVAILABLE `not-initialised`, `key-mismatch`; HSM_UNAVAILABLE. */
export async function openAuthority(name: CaName, keyStore: KeyStore, store: CaStore): Promise<Authority> {
  const row = await store.findByRequest(REQUEST_KEYS[name])
  if (!row?.der) throw new AppError('CA_UNAVAILABLE', { reason: 'not-initialised', ca: name })
  const signer = await keyStore.signer(KEY_LABELS[name])
  const certificate = parseCertificate(row.der)
  // Another token with a key of the same label would sign certificates that nobody can verify.
  if (Buffer.compare(certificate.spki, signer.publicKeySpki()) !== 0) {
    throw new AppError('CA_UNAVAILABLE', { reason: 'key-mismatch', ca: name })
  }
  return { name, certificate, signer, algorithm: signatureAlgorithmFor(signer.algorithm) }
}

/**
 * Reserve, sign, complete: the three writes of every certificate.
 * - Dead before `reserve` returned: nothing was issued, the repeat starts afresh with a new serial.
 * - Dead after `reserve`: serial and content are fixed and stored; no signature has left this process. The repeat signs
 *   the same bytes, so there is one certificate, whichever signature of it comes to be kept.
 * - Dead after `complete`: the certificate is issued; the repeat gives it back.
 * Two at once: both sign the bytes that were reserved first, and both give out the one that was completed first.
 */
export async function signOnce(
  store: CaStore,
  reservation: CertificateReservation,
  signer: Signer,
  issuerSpki: Uint8Array,
): Promise<StoredCertificate & { readonly der: Uint8Array }> {
  const reserved = await store.reserve(reservation)
  if (reserved.requestDigest !== reservation.requestDigest) throw new AppError('REQUEST_IDEMPOTENCY_REUSED')
  return finish(store, reserved, signer, issuerSpki)
}

/** The rest of it, for a row that is there. */
export async function finish(
  store: CaStore,
  reserved: StoredCertificate,
  signer: Signer,
  issuerSpki: Uint8Array,
): Promise<StoredCertificate & { readonly der: Uint8Array }> {
  if (reserved.der) return { ...reserved, der: reserved.der }
  const algorithm = signatureAlgorithmFor(signer.algorithm)
  const signature = await signer.sign(reserved.tbs)
  verifyOwn(algorithm, issuerSpki, reserved.tbs, signature)
  const row = await store.complete(reserved.serial, assembleSigned(reserved.tbs, algorithm, signature))
  if (!row.der) throw new AppError('CA_UNAVAILABLE', { reason: 'not-kept' })
  return { ...row, der: row.der }
}

/** A fault in the token, or a store with other bytes in it, shows before anything leaves. */
function verifyOwn(algorithm: SignatureAlgorithm, spki: Uint8Array, data: Uint8Array, signature: Uint8Array): void {
  try {
    verifySignature({ algorithm, spki, data, signature })
  } catch (error) {
    if (error instanceof PkiError) throw new AppError('CA_UNAVAILABLE', { reason: error.reason }, { cause: error })
    throw error
  }
}
