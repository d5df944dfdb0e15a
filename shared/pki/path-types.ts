import type { Certificate, CertificateList, KeyUsage } from './types.ts'

/** The inputs of RFC 5280 6.1.1 about policies. */
export interface PolicyOptions {
  /** user-initial-policy-set, dotted OIDs. Left out: any. */
  readonly policies?: readonly string[]
  readonly requireExplicitPolicy?: boolean
  readonly inhibitPolicyMapping?: boolean
  readonly inhibitAnyPolicy?: boolean
}

/** What is known about revocation. */
export interface RevocationSources {
  /** From `parseCrl`, or `parseAnyCrl` for partitioned lists. */
  readonly crls?: readonly CertificateList[]
  /** DER of OCSP responses (RFC 6960). */
  readonly ocsp?: readonly Uint8Array[]
}

export interface VerifyPathOptions extends PolicyOptions, RevocationSources {
  readonly leaf: Certificate
  readonly intermediates?: readonly Certificate[]
  readonly anchors: readonly Certificate[]
  /** The moment for which validity is judged. */
  readonly at: Date
  /**
   * For a moment in the past that something else proves (a time-stamp): when the sources were gathered. They may then
   * be newer than `at`, and what was revoked only after `at` counts as good. Default: `at`, and every entry counts.
   */
  readonly knownAt?: Date
  /**
   * With `knownAt`: by when something else proves that what the leaf signed existed. Of what was revoked after `at` and
   * by then, only a reason that casts no doubt on the key is passed over (RFC 3161 4). Default: `at`.
   */
  readonly existedBy?: Date
  /** May the leaf be a CA? Default: no. */
  readonly caLeaf?: boolean
  /** All of these must be in the leaf's key usage, which must then be present. */
  readonly requiredKeyUsage?: readonly KeyUsage[]
  /** Dotted OID that must be in the leaf's extended key usage (anyExtendedKeyUsage does not count). */
  readonly requiredEku?: string
  /** `require`: each certificate below the anchor needs fresh word of its issuer; `none`: the caller judges it. */
  readonly revocation: 'require' | 'none'
}

export interface VerifiedPath {
  /** Leaf first, anchor last. */
  readonly path: readonly Certificate[]
  /** Of the policies wanted, those under which the path is valid; `2.5.29.32.0` stands for any. */
  readonly policies: readonly string[]
}
