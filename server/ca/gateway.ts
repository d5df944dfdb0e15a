import type { RevocationReason, SubjectAltName } from '../../shared/pki/index.ts'

/** What a certificate is for. The rules of each are data, see `profiles.ts`. */
export type CertificateProfileName =
  | 'operator'
  | 'authentication'
  | 'signature'
  | 'encryption'
  | 'card-authentication'
  | 'server-tls'
  | 'export-seal'

/** Who the certificate names. The request's own subject is never taken over. */
export interface CertificateSubject {
  readonly commonName: string
  readonly givenName?: string
  readonly surname?: string
  /** X.520 serialNumber, such as a holder or operator number; not the certificate's serial. */
  readonly serialNumber?: string
  readonly organization?: string
  readonly organizationalUnit?: string
  /** ISO 3166-1 alpha-2. */
  readonly country?: string
}

export interface IssueRequest {
  readonly profile: CertificateProfileName
  /** PKCS#10, DER. Its signature proves possession of the key. */
  readonly csr: Uint8Array
  readonly subject: CertificateSubject
  readonly san?: Partial<SubjectAltName>
  /** The latest end, such as the card's own: the certificate ends at the earlier of this and its profile's. */
  readonly notAfter?: Date
  /** The same key always gives the same certificate. Used again for another request: REQUEST_IDEMPOTENCY_REUSED. */
  readonly idempotencyKey: string
}

export interface IssuedCertificate {
  /** Lower-case hex. */
  readonly serial: string
  readonly profile: CertificateProfileName
  readonly der: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
}

export type CertificateStatus =
  | { readonly status: 'issued' }
  | { readonly status: 'suspended'; readonly at: Date }
  | { readonly status: 'revoked'; readonly at: Date; readonly reason: RevocationReason }

/** Why a certificate ends for good. */
export type FinalRevocationReason = Exclude<RevocationReason, 'certificateHold' | 'removeFromCRL'>

export interface PublishedCrl {
  readonly der: Uint8Array
  readonly number: bigint
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

/**
 * One certification authority, ours or another's. Throws CA_UNAVAILABLE (may be tried again), CA_PROFILE_UNKNOWN,
 * CA_REQUEST_INVALID (detail.reason), CERTIFICATE_NOT_FOUND, REQUEST_CONFLICT, REQUEST_IDEMPOTENCY_REUSED.
 */
export interface CaGateway {
  readonly name: string
  /** Durable when it returns; idempotent by `idempotencyKey`. */
  issue(request: IssueRequest): Promise<IssuedCertificate>
  status(serial: string): Promise<CertificateStatus>
  /** Puts on hold. Idempotent; REQUEST_CONFLICT when already revoked. */
  suspend(serial: string): Promise<CertificateStatus>
  /** Ends a hold. Idempotent; REQUEST_CONFLICT when already revoked. */
  resume(serial: string): Promise<CertificateStatus>
  /** Ends for good. Idempotent: a second revocation keeps the first one's time and reason. */
  revoke(serial: string, reason: FinalRevocationReason): Promise<CertificateStatus>
  /** The current CRLs, issuing CA first. Every change of status above is in the CRL before its call returns. */
  crls(): Promise<readonly PublishedCrl[]>
  /** DER: issuing CA first, root last. */
  chain(): Promise<readonly Uint8Array[]>
}
