import { AdesError, type AdesReason } from '../ades/index.ts'
import { AppError } from '../contract/errors.ts'
import { PadesError, type PadesReason } from '../pades/index.ts'
import { PkiError, type PkiReason } from '../pki/index.ts'

/** Main status indications of ETSI EN 319 102-1, 5.1.2 and table 4. */
export type Indication = 'TOTAL-PASSED' | 'TOTAL-FAILED' | 'INDETERMINATE'

/** Sub-indications of ETSI EN 319 102-1, table 5, as far as this verifier gives them. */
export type SubIndication =
  /** 5.2.2.4: not of the form its standard asks for. */
  | 'FORMAT_FAILURE'
  /** 5.2.7.4: what is signed has another digest. */
  | 'HASH_FAILURE'
  /** 5.2.7.4: the value is not a signature of the key. */
  | 'SIG_CRYPTO_FAILURE'
  /** 5.2.8.4: it lacks an attribute, or has one, that the constraints forbid. */
  | 'SIG_CONSTRAINTS_FAILURE'
  /** 5.2.6.4: the path breaks a rule about paths. */
  | 'CHAIN_CONSTRAINTS_FAILURE'
  /** 5.2.6.4: the path could not be judged for another reason. */
  | 'CERTIFICATE_CHAIN_GENERAL_FAILURE'
  /** 5.2.8.4, table 5: an algorithm or key size that is not, or no longer, good enough. */
  | 'CRYPTO_CONSTRAINTS_FAILURE_NO_POE'
  /** Table 5: past the validity of the signer's certificate, and nothing proves that the signature is older. */
  | 'OUT_OF_BOUNDS_NO_POE'
  /** Table 5: revoked, and nothing proves that the signature is older. */
  | 'REVOKED_NO_POE'
  /** Table 5: an intermediate authority is revoked. */
  | 'REVOKED_CA_NO_POE'
  /** 5.2.3.4: the signing certificate cannot be told. */
  | 'NO_SIGNING_CERTIFICATE_FOUND'
  /** 5.2.6.4: no path to one of the anchors given. */
  | 'NO_CERTIFICATE_CHAIN_FOUND'
  /** 5.5.4: time-stamps out of order. */
  | 'TIMESTAMP_ORDER_FAILURE'
  /** Table 5: the signed data is not there. */
  | 'SIGNED_DATA_NOT_FOUND'
  /** 5.2.5.4, table 5: with revocation data that is there later, or newer, it may be told. */
  | 'TRY_LATER'
  /** Table 5: any other reason. */
  | 'GENERIC'

const FAILED: ReadonlySet<SubIndication> = new Set(['FORMAT_FAILURE', 'HASH_FAILURE', 'SIG_CRYPTO_FAILURE'])

/** Table 5: which main indication a sub-indication belongs to. */
export const indicationOf = (sub: SubIndication): Indication => (FAILED.has(sub) ? 'TOTAL-FAILED' : 'INDETERMINATE')

/** EN 319 102-1 table 5 for each refusal of `shared/pki`. */
const PKI: Readonly<Record<PkiReason, SubIndication>> = {
  malformed: 'FORMAT_FAILURE',
  'too-large': 'FORMAT_FAILURE',
  'unsupported-algorithm': 'CRYPTO_CONSTRAINTS_FAILURE_NO_POE',
  'unsupported-version': 'FORMAT_FAILURE',
  'weak-key': 'CRYPTO_CONSTRAINTS_FAILURE_NO_POE',
  'weak-hash': 'CRYPTO_CONSTRAINTS_FAILURE_NO_POE',
  dsa: 'CRYPTO_CONSTRAINTS_FAILURE_NO_POE',
  'bad-signature': 'SIG_CRYPTO_FAILURE',
  untrusted: 'NO_CERTIFICATE_CHAIN_FOUND',
  expired: 'OUT_OF_BOUNDS_NO_POE',
  'not-yet-valid': 'OUT_OF_BOUNDS_NO_POE',
  'not-a-ca': 'CHAIN_CONSTRAINTS_FAILURE',
  'path-len': 'CHAIN_CONSTRAINTS_FAILURE',
  'key-usage': 'CHAIN_CONSTRAINTS_FAILURE',
  eku: 'CHAIN_CONSTRAINTS_FAILURE',
  'critical-extension': 'CHAIN_CONSTRAINTS_FAILURE',
  'name-constraints': 'CHAIN_CONSTRAINTS_FAILURE',
  policy: 'CHAIN_CONSTRAINTS_FAILURE',
  'policy-mapping': 'CHAIN_CONSTRAINTS_FAILURE',
  revoked: 'REVOKED_NO_POE',
  'on-hold': 'TRY_LATER',
  'no-revocation-data': 'TRY_LATER',
  'stale-crl': 'TRY_LATER',
  'crl-not-yet-valid': 'TRY_LATER',
  'crl-issuer': 'CERTIFICATE_CHAIN_GENERAL_FAILURE',
  'crl-delta': 'CERTIFICATE_CHAIN_GENERAL_FAILURE',
  'crl-indirect': 'CERTIFICATE_CHAIN_GENERAL_FAILURE',
  'crl-reason': 'CERTIFICATE_CHAIN_GENERAL_FAILURE',
  'ocsp-status': 'CERTIFICATE_CHAIN_GENERAL_FAILURE',
  'ocsp-responder': 'CERTIFICATE_CHAIN_GENERAL_FAILURE',
  'ocsp-nonce': 'CERTIFICATE_CHAIN_GENERAL_FAILURE',
  'ocsp-certificate': 'CERTIFICATE_CHAIN_GENERAL_FAILURE',
  'ocsp-unknown': 'CERTIFICATE_CHAIN_GENERAL_FAILURE',
  'stale-ocsp': 'TRY_LATER',
  'ocsp-not-yet-valid': 'TRY_LATER',
  'signer-count': 'FORMAT_FAILURE',
  'duplicate-attribute': 'FORMAT_FAILURE',
  'unsorted-attributes': 'FORMAT_FAILURE',
  'missing-attribute': 'SIG_CONSTRAINTS_FAILURE',
  'content-type': 'FORMAT_FAILURE',
  'digest-mismatch': 'HASH_FAILURE',
  'algorithm-protection': 'SIG_CONSTRAINTS_FAILURE',
  'signer-certificate': 'NO_SIGNING_CERTIFICATE_FOUND',
  'content-missing': 'SIGNED_DATA_NOT_FOUND',
  'content-mismatch': 'HASH_FAILURE',
  'archive-index': 'HASH_FAILURE',
  'tsp-status': 'FORMAT_FAILURE',
  'tsp-imprint': 'HASH_FAILURE',
  'tsp-nonce': 'FORMAT_FAILURE',
  'tsp-policy': 'SIG_CONSTRAINTS_FAILURE',
  'tsp-authority': 'NO_SIGNING_CERTIFICATE_FOUND',
  'tsp-time': 'TIMESTAMP_ORDER_FAILURE',
  'invalid-input': 'FORMAT_FAILURE',
}

const ADES: Readonly<Partial<Record<AdesReason, SubIndication>>> = {
  algorithm: 'CRYPTO_CONSTRAINTS_FAILURE_NO_POE',
  'weak-hash': 'CRYPTO_CONSTRAINTS_FAILURE_NO_POE',
  'digest-mismatch': 'HASH_FAILURE',
  'signed-properties': 'SIG_CONSTRAINTS_FAILURE',
  'signer-certificate': 'NO_SIGNING_CERTIFICATE_FOUND',
  'content-missing': 'SIGNED_DATA_NOT_FOUND',
  'time-stamp-order': 'TIMESTAMP_ORDER_FAILURE',
}

const PADES: Readonly<Partial<Record<PadesReason, SubIndication>>> = {
  'signed-attribute': 'SIG_CONSTRAINTS_FAILURE',
  'time-stamp-order': 'TIMESTAMP_ORDER_FAILURE',
  'no-signature': 'FORMAT_FAILURE',
}

/** What a refusal means. `reason` is of the closed lists of `shared/pki`, `ades`, `pades`, or of this folder. */
export interface Judged {
  readonly indication: Indication
  readonly subIndication: SubIndication
  readonly reason: string
  /** The rule that was broken, standard and clause; null for rules of the package's own format. */
  readonly clause: string | null
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
}

const judged = (subIndication: SubIndication, rest: Omit<Judged, 'indication' | 'subIndication'>): Judged => ({
  indication: indicationOf(subIndication),
  subIndication,
  ...rest,
})

/**
 * Refusals of the readers and verifiers as indications. Anything else is a failure of this program or of what it reads
 * from, and is thrown on.
 */
export const judge = (error: unknown): Judged => {
  if (error instanceof PkiError) return judged(PKI[error.reason], error)
  if (error instanceof AdesError) return judged(ADES[error.reason] ?? 'FORMAT_FAILURE', error)
  if (error instanceof PadesError) return judged(PADES[error.reason] ?? 'FORMAT_FAILURE', error)
  if (error instanceof AppError && error.code === 'REQUEST_INVALID') {
    const { reason } = error.detail ?? {}
    return judged('FORMAT_FAILURE', {
      reason: typeof reason === 'string' ? reason : 'format',
      clause: null,
      detail: {},
    })
  }
  throw error
}

const RANK: Readonly<Record<Indication, number>> = { 'TOTAL-PASSED': 0, INDETERMINATE: 1, 'TOTAL-FAILED': 2 }
export const isWorse = (left: Indication, right: Indication): boolean => RANK[left] > RANK[right]
