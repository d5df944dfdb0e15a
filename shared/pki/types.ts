/** Shapes that several files of this folder and their callers share. No code. */

export type HashName = 'sha256' | 'sha384' | 'sha512'

/** Keys this product makes. */
export type KeyAlgorithm = 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521' | 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'ed25519'

/** Signatures this product makes and accepts. ECDSA signatures are DER (`ECDSA-Sig-Value`) everywhere in this folder. */
export type SignatureAlgorithm =
  | 'ecdsa-sha256'
  | 'ecdsa-sha384'
  | 'ecdsa-sha512'
  | 'rsa-sha256'
  | 'rsa-sha384'
  | 'rsa-sha512'
  | 'rsa-pss-sha256'
  | 'rsa-pss-sha384'
  | 'rsa-pss-sha512'
  | 'ed25519'

/** Known so that a refusal can say `weak-hash`; never verified. */
export type WeakSignatureAlgorithm = 'rsa-md5' | 'rsa-sha1' | 'ecdsa-sha1'

export type PublicKeyInfo =
  | { readonly kind: 'ec'; readonly curve: 'p256' | 'p384' | 'p521'; readonly bits: number }
  | { readonly kind: 'rsa'; readonly bits: number }
  | { readonly kind: 'ed25519'; readonly bits: number }

/**
 * A key held elsewhere: a card, an HSM, a key store. `sign` gets the bytes to be signed (not their digest) and gives
 * the signature: ECDSA as DER, RSA and Ed25519 as they are.
 */
export interface ExternalSigner {
  readonly algorithm: SignatureAlgorithm
  /**
   * SubjectPublicKeyInfo, where whoever implements `sign` answers for it: what it gives was made by this key. It is
   * then compared with the certificate's, and the signature is not verified again.
   */
  readonly provenSpki?: Uint8Array
  sign(data: Uint8Array): Promise<Uint8Array>
}

/** Attribute types written by name; anything else is read under its dotted number. */
export type NameAttributeType =
  | 'CN'
  | 'SN'
  | 'givenName'
  | 'serialNumber'
  | 'C'
  | 'L'
  | 'ST'
  | 'O'
  | 'OU'
  | 'title'
  | 'DC'
  | 'UID'
  | 'emailAddress'
  | 'organizationIdentifier'

export interface NameAttribute {
  readonly type: NameAttributeType
  readonly value: string
}

/** A distinguished name as read (RFC 5280 4.1.2.4). `der` is what was signed; compare names by `isSameName`. */
export interface Name {
  readonly der: Uint8Array
  /** In the order of the encoding; `type` is a short name or a dotted number. */
  readonly attributes: readonly { readonly type: string; readonly value: string }[]
  /** One text per RDN, prepared for comparison (RFC 5280 7.1). For comparison, never for people. */
  readonly canonical: readonly string[]
  /** RFC 4514 text: last attribute first. For people, never for comparison. */
  readonly text: string
  readonly commonName: string | null
  readonly serialNumber: string | null
  readonly email: string | null
}

export type KeyUsage =
  | 'digitalSignature'
  | 'contentCommitment'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly'

export interface SubjectAltName {
  readonly dns: readonly string[]
  readonly email: readonly string[]
  /** Dotted IPv4 or colon-separated IPv6. */
  readonly ip: readonly string[]
  readonly uri: readonly string[]
  /** Microsoft user principal name (otherName 1.3.6.1.4.1.311.20.2.3). */
  readonly upn: readonly string[]
}

/** One name as read (RFC 5280 4.2.1.6). `other` is a form that nothing here compares, told apart by its tag. */
export type GeneralName =
  | { readonly kind: 'email' | 'dns' | 'uri'; readonly value: string }
  | { readonly kind: 'directory'; readonly name: Name }
  | { readonly kind: 'ip'; readonly octets: Uint8Array }
  | { readonly kind: 'other'; readonly tag: number }

/** RFC 5280 4.2.1.10. Of the IP form, `octets` are address and mask. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

/** Reasons that a list may be limited to (RFC 5280 4.2.1.13, ReasonFlags), as bits; all of them: `ALL_REASONS`. */
export type ReasonMask = number

/** Where and about what lists are published (RFC 5280 4.2.1.13). A name relative to the issuer is made whole. */
export interface DistributionPoint {
  /** Null where the point has none. */
  readonly names: readonly GeneralName[] | null
  readonly reasons: ReasonMask
  /** Names of another issuer of lists: those are indirect. */
  readonly crlIssuer: readonly GeneralName[] | null
}

/** A certificate as read (RFC 5280 4.1). All byte arrays are copies of nothing: treat them as read-only. */
export interface Certificate {
  readonly der: Uint8Array
  readonly tbs: Uint8Array
  readonly version: 1 | 3
  /** Lower-case hex without leading zero octets. */
  readonly serial: string
  readonly issuer: Name
  readonly subject: Name
  readonly notBefore: Date
  readonly notAfter: Date
  readonly spki: Uint8Array
  readonly key: PublicKeyInfo
  readonly signatureAlgorithm: SignatureAlgorithm | WeakSignatureAlgorithm
  readonly signature: Uint8Array
  readonly keyUsage: ReadonlySet<KeyUsage> | null
  /** Dotted OIDs, or null where the extension is absent. */
  readonly extendedKeyUsage: readonly string[] | null
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | null } | null
  readonly subjectAltName: SubjectAltName | null
  /** All names of the subjectAltName, in order; empty where it is absent. */
  readonly generalNames: readonly GeneralName[]
  /** Lower-case hex. */
  readonly subjectKeyId: string | null
  /** Lower-case hex. */
  readonly authorityKeyId: string | null
  readonly crlDistributionPoints: readonly string[]
  readonly authorityInfoAccess: { readonly ocsp: readonly string[]; readonly caIssuers: readonly string[] }
  readonly distributionPoints: readonly DistributionPoint[]
  /** Dotted OIDs; empty where the extension is absent. */
  readonly policies: readonly string[]
  readonly policyMappings: readonly { readonly issuer: string; readonly subject: string }[]
  readonly policyConstraints: { readonly requireExplicit: number | null; readonly inhibitMapping: number | null }
  readonly inhibitAnyPolicy: number | null
  readonly nameConstraints: NameConstraints | null
  /** id-pkix-ocsp-nocheck (RFC 6960 4.2.2.2.1). */
  readonly ocspNoCheck: boolean
  /** Dotted OIDs of all critical extensions, in order. */
  readonly critical: readonly string[]
  /** Dotted OIDs of critical extensions that this reader does not process; `verifyPath` refuses any. */
  readonly unknownCritical: readonly string[]
}

export interface TbsCertificateFields {
  /** Positive, at most 20 octets; hex. */
  readonly serial: string
  readonly signatureAlgorithm: SignatureAlgorithm
  /** DER of the issuer's name, exactly as in the issuer's own certificate. */
  readonly issuer: Uint8Array
  /** DER of the subject's name, see `encodeName`. */
  readonly subject: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
  readonly spki: Uint8Array
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength?: number }
  readonly keyUsage?: readonly KeyUsage[]
  readonly extendedKeyUsage?: readonly string[]
  /** As a time-stamping authority's must be (RFC 3161 2.3). Default: not critical. */
  readonly extendedKeyUsageCritical?: boolean
  readonly subjectAltName?: Partial<SubjectAltName>
  /** Hex; default: SHA-1-free key identifier of `spki` (RFC 7093 method 1). */
  readonly subjectKeyId?: string
  readonly authorityKeyId?: string
  readonly crlDistributionPoints?: readonly string[]
  readonly ocspUrls?: readonly string[]
  readonly caIssuerUrls?: readonly string[]
  readonly policies?: readonly string[]
}

/** A certification request whose proof of possession was verified (RFC 2986). */
export interface CertificationRequest {
  readonly der: Uint8Array
  readonly subject: Name
  readonly spki: Uint8Array
  readonly key: PublicKeyInfo
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly subjectAltName: SubjectAltName | null
}

export type RevocationReason =
  | 'unspecified'
  | 'keyCompromise'
  | 'cACompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'certificateHold'
  | 'removeFromCRL'
  | 'privilegeWithdrawn'
  | 'aACompromise'

export interface RevokedEntry {
  readonly serial: string
  readonly at: Date
  readonly reason: RevocationReason
  /** Since when the key was compromised, or thought to be (RFC 5280 5.3.2); usually before `at`. */
  readonly invalidAt?: Date
}

/** What a partitioned list is about (RFC 5280 5.2.5). */
export interface IssuingDistributionPoint {
  readonly names: readonly GeneralName[] | null
  readonly onlyUserCertificates: boolean
  readonly onlyCaCertificates: boolean
  readonly onlyAttributeCertificates: boolean
  readonly reasons: ReasonMask
}

/** A certificate revocation list as read (RFC 5280 5). Its signature is not verified yet, see `verifyCrl`. */
export interface CertificateList {
  readonly der: Uint8Array
  readonly tbs: Uint8Array
  readonly issuer: Name
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  readonly number: bigint
  readonly authorityKeyId: string | null
  /** Null where the list is about all certificates of its issuer, for all reasons. */
  readonly issuingPoint: IssuingDistributionPoint | null
  /** Only changes against another list (5.2.4). */
  readonly delta: boolean
  /** Also about certificates of other issuers (5.2.5, 5.3.3). */
  readonly indirect: boolean
  readonly signatureAlgorithm: SignatureAlgorithm | WeakSignatureAlgorithm
  readonly signature: Uint8Array
  /** By serial, lower-case hex. */
  readonly entries: ReadonlyMap<string, RevokedEntry>
}

export interface CrlFields {
  /** DER of the issuer's name, as in its certificate. */
  readonly issuer: Uint8Array
  /** Hex, the issuer's subject key identifier. */
  readonly authorityKeyId: string
  readonly number: bigint
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  readonly entries: readonly RevokedEntry[]
}
