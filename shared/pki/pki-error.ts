/** Everything a PKI reader, builder or verifier may refuse. Closed: a caller may map each one to a code of its own. */
export const PKI_REASONS = [
  'malformed',
  'too-large',
  'unsupported-algorithm',
  'unsupported-version',
  'weak-key',
  'weak-hash',
  'dsa',
  'bad-signature',
  'untrusted',
  'expired',
  'not-yet-valid',
  'not-a-ca',
  'path-len',
  'key-usage',
  'eku',
  'critical-extension',
  'name-constraints',
  'policy',
  'policy-mapping',
  'revoked',
  'on-hold',
  'no-revocation-data',
  'stale-crl',
  'crl-not-yet-valid',
  'crl-issuer',
  'crl-delta',
  'crl-indirect',
  'crl-reason',
  'ocsp-status',
  'ocsp-responder',
  'ocsp-nonce',
  'ocsp-certificate',
  'ocsp-unknown',
  'stale-ocsp',
  'ocsp-not-yet-valid',
  'signer-count',
  'duplicate-attribute',
  'unsorted-attributes',
  'missing-attribute',
  'content-type',
  'digest-mismatch',
  'algorithm-protection',
  'signer-certificate',
  'content-missing',
  'content-mismatch',
  'archive-index',
  'tsp-status',
  'tsp-imprint',
  'tsp-nonce',
  'tsp-policy',
  'tsp-authority',
  'tsp-time',
  'invalid-input',
] as const

export type PkiReason = (typeof PKI_REASONS)[number]

/** What helps to understand the refusal: words, numbers, ISO dates. Never key material. */
export type PkiDetail = Readonly<Record<string, string | number | boolean | null>>

/**
 * The only error thrown by `shared/pki`. `clause` names the rule that was broken (standard and section).
 * Callers translate it at their own boundary, see `server/ca` and the sign-in service.
 */
export class PkiError extends Error {
  readonly reason: PkiReason
  readonly clause: string
  readonly detail: PkiDetail
  constructor(reason: PkiReason, clause: string, detail: PkiDetail = {}) {
    super(`${reason} (${clause})`)
    this.name = 'PkiError'
    this.reason = reason
    this.clause = clause
    this.detail = detail
  }
}

/** Refuses; an expression, so that it fits where a value is expected. */
export function refuse(reason: PkiReason, clause: string, detail: PkiDetail = {}): never {
  throw new PkiError(reason, clause, detail)
}
