import type { CertificateProfileName, FinalRevocationReason, PublishedCrl } from './gateway.ts'

/** The CA's own certificates are kept beside those it issues; these names cannot be asked for. */
export type CaCertificateName = 'ca-root' | 'ca-issuing'

/** What the CA fixes before it signs. All of it is derived from `tbs`, kept beside it for queries. */
export interface CertificateReservation {
  readonly idempotencyKey: string
  /** SHA-256 over what was asked for, hex: tells a repeat from another request under the same key. */
  readonly requestDigest: string
  /** Lower-case hex; unique. */
  readonly serial: string
  readonly profile: CertificateProfileName | CaCertificateName
  readonly notBefore: Date
  readonly notAfter: Date
  /** The exact bytes that are signed, and signed again after a crash. */
  readonly tbs: Uint8Array
}

export type StoredStatus =
  | { readonly status: 'issued' }
  | { readonly status: 'suspended'; readonly at: Date }
  | { readonly status: 'revoked'; readonly at: Date; readonly reason: FinalRevocationReason }

export interface StoredCertificate extends CertificateReservation {
  /** Null between reservation and signature. */
  readonly der: Uint8Array | null
  readonly state: StoredStatus
}

export interface StoredCrl extends PublishedCrl {
  /** `root` or `issuing`. */
  readonly issuer: CaName
}

export type CaName = 'root' | 'issuing'

/**
 * The certificates and CRLs of one CA. Each call is one transaction, durable when it returns. `server/db` makes the
 * real one, `test/fakes/ca-store.ts` one in memory; both run the same suite.
 */
export interface CaStore {
  findByRequest(idempotencyKey: string): Promise<StoredCertificate | null>
  findBySerial(serial: string): Promise<StoredCertificate | null>
  /** Inserts unless the idempotency key is taken; either way gives the row that is there afterwards. */
  reserve(reservation: CertificateReservation): Promise<StoredCertificate>
  /** Sets `der` unless it is set; either way gives the row that is there afterwards. */
  complete(serial: string, der: Uint8Array): Promise<StoredCertificate>
  /**
   * Compare and set: writes `to` only when the row's status is one of `from`; gives the row that is there afterwards,
   * or null where the serial is unknown. This makes two racing changes safe.
   */
  changeStatus(
    serial: string,
    from: readonly StoredStatus['status'][],
    to: StoredStatus,
  ): Promise<StoredCertificate | null>
  /** All suspended and revoked certificates that end after `notAfterFrom`. */
  listRevoked(notAfterFrom: Date): Promise<readonly StoredCertificate[]>
  /** The next number of this issuer's CRL: 1, 2, 3 …; never given twice. */
  nextCrlNumber(issuer: CaName): Promise<bigint>
  /** Keeps a CRL; one with a number lower than the latest kept is ignored. */
  saveCrl(crl: StoredCrl): Promise<void>
  latestCrl(issuer: CaName): Promise<StoredCrl | null>
}
