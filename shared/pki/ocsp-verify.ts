import { toHex } from './bytes.ts'
import { isSameName } from './name.ts'
import { isAbout, responderKeyHash } from './ocsp-request.ts'
import { parseOcspResponse, type OcspAnswer, type OcspResponse } from './ocsp-response.ts'
import { OID } from './oid.ts'
import { PkiError, refuse } from './pki-error.ts'
import { verifyKeyStrength } from './public-key.ts'
import { refuseRevoked } from './crl.ts'
import { counts, verifyByLists, type RevocationContext } from './revocation.ts'
import { SignatureChecks } from './signature-checks.ts'
import type { Certificate, CertificateList } from './types.ts'

/** Clocks of the responder and of the verifier may differ by this much. */
const CLOCK_SKEW_MS = 60_000
/** How long an answer counts that does not say when the next one comes. */
const MAX_AGE_MS = 24 * 3_600_000
const MAX_RESPONSES = 64

export interface OcspToVerify {
  /** DER. */
  readonly response: Uint8Array
  readonly certificate: Certificate
  /** Its issuer, proved by `verifyPath`: whoever this is decides who may answer. */
  readonly issuer: Certificate
  readonly at: Date
  /** See `VerifyPathOptions.knownAt`. */
  readonly knownAt?: Date
  /** The nonce sent, which must come back. */
  readonly nonce?: Uint8Array
  /** Lists that prove a responder's own certificate, where it lacks id-pkix-ocsp-nocheck. */
  readonly crls?: readonly CertificateList[]
}

export interface VerifiedOcsp extends OcspAnswer {
  readonly producedAt: Date
  /** Whose signature was verified: the issuer, or one it appointed. */
  readonly responder: Certificate
}

/**
 * What a responder with authority says of one certificate (RFC 6960 3.2, 4.2.2; RFC 9654): signed by the issuer or by
 * a certificate that the issuer's own key signed for OCSP, not revoked itself; about this very certificate; of now.
 * Revoked and unknown are answers, not errors. Throws PkiError `ocsp-status`, `ocsp-certificate`, `ocsp-responder`,
 * `ocsp-nonce`, `stale-ocsp`, `ocsp-not-yet-valid`, `bad-signature`, `weak-hash`, and what the lists say of the responder.
 */
export function verifyOcspResponse(wanted: OcspToVerify): VerifiedOcsp {
  const { response, certificate, issuer, at, knownAt = null, nonce, crls } = wanted
  if (Number.isNaN(at.getTime())) refuse('invalid-input', 'time of verification')
  const parsed = parseOcspResponse(response)
  if (nonce && parsed.nonce !== toHex(nonce)) refuse('ocsp-nonce', 'RFC 9654 2.1', { present: parsed.nonce !== null })
  const answer = answerAbout(parsed, certificate, issuer)
  if (!answer) return refuse('ocsp-certificate', 'RFC 6960 3.2 (1)', { serial: certificate.serial })
  const context = {
    at,
    knownAt,
    existedBy: at,
    checks: new SignatureChecks(),
    signers: [issuer],
    ...(crls ? { crls } : {}),
  }
  const proveSigner = () => refuse('crl-issuer', 'RFC 5280 6.3.3 (f): signer not proved')
  return verifyAnswer(parsed, answer, issuer, { ...context, proveSigner })
}

/**
 * `good` by the newest answer that stands; null where none is about this certificate; otherwise why none decided. A
 * revocation that counts stands whatever a newer answer says; only a hold can have been taken off since.
 * Throws PkiError `revoked`, `on-hold`.
 */
export function verifyByResponses(
  certificate: Certificate,
  issuer: Certificate,
  context: RevocationContext,
): 'good' | PkiError | null {
  const { ocsp = [] } = context
  if (ocsp.length > MAX_RESPONSES) refuse('too-large', 'OCSP responses', { limit: MAX_RESPONSES })
  let newest: VerifiedOcsp | null = null
  let revoked: VerifiedOcsp['revoked'] = null
  let problem: PkiError | null = null
  for (const der of ocsp) {
    try {
      const parsed = parseOcspResponse(der)
      const answer = answerAbout(parsed, certificate, issuer)
      if (!answer) continue
      const verified = verifyAnswer(parsed, answer, issuer, context)
      if (isFinal(verified) && verified.revoked && counts(verified.revoked, context)) revoked ??= verified.revoked
      if (!newest || verified.thisUpdate > newest.thisUpdate) newest = verified
    } catch (error) {
      if (!(error instanceof PkiError)) throw error
      problem ??= error
    }
  }
  if (revoked) refuseRevoked(revoked, 'RFC 6960 2.2')
  if (!newest) return problem
  if (newest.revoked && counts(newest.revoked, context)) refuseRevoked(newest.revoked, 'RFC 6960 2.2')
  if (newest.status !== 'unknown') return 'good'
  return new PkiError('ocsp-unknown', 'RFC 6960 2.2', { serial: certificate.serial })
}

const isFinal = ({ revoked }: OcspAnswer): boolean => revoked !== null && revoked.reason !== 'certificateHold'

const answerAbout = (
  { answers }: OcspResponse,
  certificate: Certificate,
  issuer: Certificate,
): OcspAnswer | undefined => answers.find(({ id }) => isAbout(id, certificate, issuer))

function verifyAnswer(
  parsed: OcspResponse,
  answer: OcspAnswer,
  issuer: Certificate,
  context: RevocationContext,
): VerifiedOcsp {
  const responder = verifyResponder(parsed, issuer, context)
  verifyFresh(parsed, answer, context)
  return { ...answer, producedAt: parsed.producedAt, responder }
}

/** 4.2.2.2: the issuer itself, or one it appointed; a responder configured by hand is not supported. */
function verifyResponder(parsed: OcspResponse, issuer: Certificate, context: RevocationContext): Certificate {
  if (isNamed(parsed, issuer) && context.checks.holds(parsed, issuer)) return issuer
  const delegate = parsed.certificates.find((one) => isNamed(parsed, one) && context.checks.holds(parsed, one))
  if (!delegate) return refuse('ocsp-responder', 'RFC 6960 4.2.2.2: no signer with authority')
  verifyAppointed(delegate, issuer, context)
  return delegate
}

const isNamed = ({ responder }: OcspResponse, certificate: Certificate): boolean =>
  'name' in responder
    ? isSameName(responder.name, certificate.subject)
    : responder.keyHash === responderKeyHash(certificate.spki)

/** Signed by the very key of the issuer, for OCSP signing, valid, and not revoked. */
function verifyAppointed(delegate: Certificate, issuer: Certificate, context: RevocationContext): void {
  const clause = 'RFC 6960 4.2.2.2'
  if (!isSameName(delegate.issuer, issuer.subject)) refuse('ocsp-responder', `${clause}: issued by another`)
  if (!context.checks.holds(delegate, issuer)) refuse('ocsp-responder', `${clause}: not signed by the issuer`)
  if (!delegate.extendedKeyUsage?.includes(OID.ocspSigning)) refuse('ocsp-responder', `${clause}: OCSPSigning`)
  if (delegate.keyUsage && !delegate.keyUsage.has('digitalSignature')) refuse('ocsp-responder', `${clause}: keyUsage`)
  const [oid] = delegate.unknownCritical
  if (oid !== undefined) refuse('critical-extension', 'RFC 5280 4.2', { oid, subject: delegate.subject.text })
  verifyKeyStrength(delegate.key)
  if (context.at < delegate.notBefore || context.at.getTime() >= delegate.notAfter.getTime() + 1000) {
    refuse('ocsp-responder', `${clause}: out of its validity`)
  }
  if (!delegate.ocspNoCheck) verifyByLists(delegate, issuer, context)
}

/** 4.2.2.1. */
function verifyFresh({ producedAt }: OcspResponse, answer: OcspAnswer, { at, knownAt }: RevocationContext): void {
  const { thisUpdate, nextUpdate } = answer
  const latest = (knownAt ?? at).getTime() + CLOCK_SKEW_MS
  if (thisUpdate.getTime() > latest || producedAt.getTime() > latest) {
    refuse('ocsp-not-yet-valid', 'RFC 6960 4.2.2.1', { thisUpdate: thisUpdate.toISOString() })
  }
  if (nextUpdate && nextUpdate < thisUpdate) refuse('malformed', 'RFC 6960 4.2.2.1: nextUpdate before thisUpdate')
  const end = nextUpdate ? nextUpdate.getTime() : thisUpdate.getTime() + MAX_AGE_MS
  if (end < at.getTime()) refuse('stale-ocsp', 'RFC 6960 4.2.2.1', { end: new Date(end).toISOString() })
}
