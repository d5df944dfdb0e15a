import { refuseRevoked, verifyCrlSigner, verifyCrlTime } from './crl.ts'
import { ALL_REASONS } from './distribution-point.ts'
import { isSameName } from './name.ts'
import { PkiError, refuse } from './pki-error.ts'
import type { SignatureChecks } from './signature-checks.ts'
import type { RevocationSources } from './path-types.ts'
import type {
  Certificate,
  CertificateList,
  DistributionPoint,
  GeneralName,
  ReasonMask,
  RevocationReason,
  RevokedEntry,
} from './types.ts'

export interface RevocationContext extends RevocationSources {
  /** The moment judged. */
  readonly at: Date
  /** When the sources were gathered, if later; see `VerifyPathOptions.knownAt`. */
  readonly knownAt: Date | null
  /** See `VerifyPathOptions.existedBy`. */
  readonly existedBy: Date
  readonly checks: SignatureChecks
  /** Certificates at hand, of which one may have signed lists in the issuer's name with a key of its own. */
  readonly signers: readonly Certificate[]
  /** Returns when that certificate's own path to the same anchor stands, not counting on what is being judged now. */
  proveSigner(signer: Certificate): void
}

/**
 * Returns when lists of the issuer together cover every reason and none has the certificate (RFC 5280 6.3.3). Of lists
 * about the same, the one with the highest number speaks: an older one could still hold an entry that was taken off,
 * or lack one that was added. A list that does not verify is as good as none. A proved delta list is refused with
 * `crl-delta`, since it may hold what the full one lacks; indirect ones give `crl-indirect` where nothing else decides.
 * Throws PkiError `revoked`, `on-hold`, `stale-crl`, `crl-not-yet-valid`, `crl-delta`, `crl-indirect`,
 * `no-revocation-data`.
 */
export function verifyByLists(certificate: Certificate, issuer: Certificate, context: RevocationContext): void {
  const { delta, entry, problem } = lookUp(certificate, issuer, context)
  if (delta) throw delta
  if (entry) refuseRevoked(entry, 'RFC 5280 6.3.3 (i)')
  if (problem) throw problem
}

/**
 * Returns unless a list that verifies has the certificate in a way that counts: whatever else is known, that stands.
 * Lists that are missing, stale, of others or cover too little say nothing. Throws PkiError `revoked`, `on-hold`.
 */
export function verifyNotListed(certificate: Certificate, issuer: Certificate, context: RevocationContext): void {
  const { entry } = lookUp(certificate, issuer, context)
  if (entry) refuseRevoked(entry, 'RFC 5280 6.3.3 (i)')
}

interface Found {
  /** There where a proved list tells only of changes. */
  readonly delta: PkiError | null
  /** The entry that counts, of whatever proved list. */
  readonly entry: RevokedEntry | null
  /** Why the lists do not cover every reason. */
  readonly problem: PkiError | null
}

/** Newest first. No issuer gives one number twice (5.2.3); of one that did, the list made later speaks. */
const byNumber = (a: CertificateList, b: CertificateList): number =>
  a.number === b.number ? b.thisUpdate.getTime() - a.thisUpdate.getTime() : a.number < b.number ? 1 : -1

function lookUp(certificate: Certificate, issuer: Certificate, context: RevocationContext): Found {
  const own = (context.crls ?? []).filter((crl) => isSameName(crl.issuer, certificate.issuer))
  const lists = [...own].sort((a, b) => Number(b.delta) - Number(a.delta) || byNumber(a, b))
  const points = pointsOf(certificate)
  let covered: ReasonMask = 0
  let delta: PkiError | null = null
  let isTakenOff = false
  let problem: PkiError | null = points.some(isIndirect) ? new PkiError('crl-indirect', 'RFC 5280 4.2.1.13') : null
  for (const crl of lists) {
    const mask = scopeOf(crl, certificate, points)
    if (mask === 0 || ((mask & ~covered) === 0 && !crl.delta)) continue
    try {
      verifySignedByIssuer(crl, issuer, context)
      if (crl.indirect) refuse('crl-indirect', 'RFC 5280 5.2.5')
      verifyCrlTime(crl, context.at, context.knownAt ?? context.at)
    } catch (error) {
      problem = worse(problem, error)
      continue
    }
    if (crl.delta) delta ??= new PkiError('crl-delta', 'RFC 5280 5.2.4', { number: Number(crl.number) })
    else covered |= mask
    const entry = crl.entries.get(certificate.serial)
    // Only a hold is ever taken off (5.3.1).
    if (entry?.reason === 'removeFromCRL' && crl.delta) isTakenOff = true
    else if (entry && counts(entry, context) && !(isTakenOff && entry.reason === 'certificateHold'))
      return { delta, entry, problem }
    if (covered === ALL_REASONS) return { delta, entry: null, problem: null }
  }
  const missing = new PkiError('no-revocation-data', 'RFC 5280 6.3', { subject: certificate.subject.text })
  return { delta, entry: null, problem: problem ?? missing }
}

/** Reasons that leave what was signed before as good as it was (RFC 3161 4, RFC 5280 5.3.1). */
const HARMLESS: ReadonlySet<RevocationReason> = new Set(['affiliationChanged', 'superseded', 'cessationOfOperation'])

/** What was revoked after a proved moment does not touch it, unless the key was already known to be lost then. */
export function counts(
  { at, invalidAt, reason }: RevokedEntry,
  context: Pick<RevocationContext, 'at' | 'knownAt' | 'existedBy'>,
): boolean {
  if (!context.knownAt) return true
  const since = invalidAt && invalidAt < at ? invalidAt : at
  return since <= context.at || (since <= context.existedBy && !HARMLESS.has(reason))
}

/** Lists out of time are told before ones of a kind not supported; a forged one is not worth a word. */
function worse(known: PkiError | null, error: unknown): PkiError | null {
  if (!(error instanceof PkiError)) throw error
  if (error.reason === 'too-large') throw error
  if (error.reason === 'stale-crl' || error.reason === 'crl-not-yet-valid') {
    return known && known.reason !== 'crl-indirect' ? known : error
  }
  return error.reason === 'crl-indirect' ? (known ?? error) : known
}

/** 6.3.3: a certificate that names no point is at the one of its issuer's name. */
function pointsOf({ distributionPoints, issuer }: Certificate): readonly DistributionPoint[] {
  if (distributionPoints.length > 0) return distributionPoints
  return [{ names: [{ kind: 'directory', name: issuer }], reasons: ALL_REASONS, crlIssuer: null }]
}

const isIndirect = ({ crlIssuer }: DistributionPoint): boolean => crlIssuer !== null

/** 6.3.3 (b) (2), (d): for which reasons does the list speak of this certificate? Zero: not at all. */
function scopeOf(crl: CertificateList, certificate: Certificate, points: readonly DistributionPoint[]): ReasonMask {
  const scope = crl.issuingPoint
  const isCa = certificate.basicConstraints?.ca ?? false
  if (scope?.onlyAttributeCertificates || (scope?.onlyUserCertificates && isCa)) return 0
  if (scope?.onlyCaCertificates && !isCa) return 0
  let mask = 0
  for (const point of points) {
    if (isIndirect(point)) continue
    const named = !scope?.names || scope.names.some((name) => (point.names ?? []).some((one) => isSame(name, one)))
    if (named) mask |= (scope?.reasons ?? ALL_REASONS) & point.reasons
  }
  return mask
}

function isSame(a: GeneralName, b: GeneralName): boolean {
  if (a.kind === 'directory') return b.kind === 'directory' && isSameName(a.name, b.name)
  return (a.kind === 'uri' || a.kind === 'dns' || a.kind === 'email') && a.kind === b.kind && a.value === b.value
}

/**
 * 6.3.3 (f), (g): signed by the issuer's own key, or by another key that the same anchor vouches for under the same
 * name (a CA that keeps one key for lists, or has changed keys).
 */
function verifySignedByIssuer(crl: CertificateList, issuer: Certificate, context: RevocationContext): void {
  let refusal: PkiError | null = null
  for (const signer of [issuer, ...context.signers]) {
    if (signer !== issuer && !isSameName(signer.subject, crl.issuer)) continue
    try {
      verifyCrlSigner(crl, signer)
      context.checks.verify(crl, signer)
      if (signer !== issuer) context.proveSigner(signer)
      return
    } catch (error) {
      if (!(error instanceof PkiError) || error.reason === 'too-large') throw error
      refusal ??= error
    }
  }
  throw refusal ?? new PkiError('crl-issuer', 'RFC 5280 6.3.3 (b)')
}
