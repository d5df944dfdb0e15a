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

/** What of a certificate is drawn or read from the clock; the rest follows from the request. */
export interface Drawn {
  readonly serial: string
  readonly notBefore: Date
  readonly notAfter: Date
}

export interface Issuance {
  readonly idempotencyKey: string
  readonly requestDigest: string
  readonly profile: CertificateReservation['profile']
  readonly signer: Signer
  readonly issuerSpki: Uint8Array
  readonly maxLifetimeMs: number
  readonly draw: () => Promise<Drawn>
  readonly tbsOf: (drawn: Drawn) => Uint8Array
}

/**
 * Reserve, sign, complete: the writes of every certificate.
 * - Dead before `reserve` returned: nothing was issued, the repeat starts afresh with a new serial.
 * - Dead after `reserve`: serial and content are fixed and stored; no signature has left this process. The repeat signs
 *   the same bytes, so there is one certificate, whichever signature of it comes to be kept.
 * - Dead after `complete`: the certificate is issued; the repeat gives it back.
 * Two at once: both sign the bytes that were reserved first, and both give out the one that was completed first.
 * Throws REQUEST_IDEMPOTENCY_REUSED, CA_UNAVAILABLE, HSM_UNAVAILABLE.
 */
export async function signOnce(
  store: CaStore,
  issuance: Issuance,
): Promise<StoredCertificate & { readonly der: Uint8Array }> {
  const { idempotencyKey, requestDigest, profile, signer, issuerSpki } = issuance
  let row = await store.findByRequest(idempotencyKey)
  if (!row) {
    const drawn = await issuance.draw()
    row = await store.reserve({ idempotencyKey, requestDigest, profile, ...drawn, tbs: issuance.tbsOf(drawn) })
  }
  if (row.requestDigest !== requestDigest) throw new AppError('REQUEST_IDEMPOTENCY_REUSED')
  if (row.der) return { ...row, der: row.der }
  verifyReservation(row, issuance)
  const algorithm = signatureAlgorithmFor(signer.algorithm)
  const signature = await signer.sign(row.tbs)
  verifyOwn(algorithm, issuerSpki, row.tbs, signature)
  const kept = await store.complete(row.serial, assembleSigned(row.tbs, algorithm, signature))
  if (!kept.der) throw new AppError('CA_UNAVAILABLE', { reason: 'not-kept' })
  return { ...kept, der: kept.der }
}

/**
 * Who can write to the database must not get bytes of their choice signed: they are built anew from the request. Other
 * URLs in the configuration since the reservation show here as well; the request is then made under another key.
 */
function verifyReservation(row: StoredCertificate, { tbsOf, maxLifetimeMs }: Issuance): void {
  const lifetime = row.notAfter.getTime() - row.notBefore.getTime()
  if (lifetime > maxLifetimeMs || Buffer.compare(tbsOf(row), row.tbs) !== 0) {
    throw new AppError('CA_UNAVAILABLE', { reason: 'reservation-altered', serial: row.serial })
  }
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
