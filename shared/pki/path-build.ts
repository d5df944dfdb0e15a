import { compareBytes } from './bytes.ts'
import { isSameName } from './name.ts'
import { refuse } from './pki-error.ts'
import type { SignatureChecks } from './signature-checks.ts'
import type { Certificate } from './types.ts'

/** Certificates in a path, leaf and anchor included. */
const MAX_PATH = 8
const MAX_INTERMEDIATES = 512
/** Complete paths handed to validation, and certificates looked at while building: bounds against look-alikes. */
const MAX_CANDIDATES = 32
const MAX_STEPS = 2000

export interface PathMaterial {
  readonly leaf: Certificate
  readonly intermediates: readonly Certificate[]
  readonly anchors: readonly Certificate[]
  readonly at: Date
}

/**
 * Paths from the leaf to an anchor by names and key identifiers, likeliest first (RFC 4158 3.5): a hint from whoever
 * sent the certificates, proves nothing. Cross certificates and key changes make several; where more than one
 * certificate could have issued another, those whose key did not sign it are dropped at once.
 * Throws PkiError `too-large` where the material, or the search, goes beyond the bounds.
 */
export function* candidatePaths(material: PathMaterial, checks: SignatureChecks): Generator<readonly Certificate[]> {
  const { leaf, intermediates, anchors, at } = material
  if (intermediates.length > MAX_INTERMEDIATES) refuse('too-large', 'intermediates', { limit: MAX_INTERMEDIATES })
  const search = { steps: 0, complete: 0, cut: false }
  yield* grow([leaf], search)
  if (search.cut) refuse('too-large', 'RFC 4158 2.4.2: path search', { path: MAX_PATH, candidates: MAX_CANDIDATES })

  function* grow(path: readonly Certificate[], bounds: typeof search): Generator<readonly Certificate[]> {
    const last = path.at(-1) as Certificate
    for (const anchor of issuersOf(last, anchors, at, checks)) {
      if (bounds.complete++ < MAX_CANDIDATES) yield [...path, anchor]
      else bounds.cut = true
    }
    const issuers = issuersOf(last, intermediates, at, checks)
    for (const next of issuers.filter((one) => !path.some((other) => isSameEntity(one, other)))) {
      if (path.length >= MAX_PATH - 1 || bounds.steps++ >= MAX_STEPS) bounds.cut = true
      else yield* grow([...path, next], bounds)
    }
  }
}

/** Those that could have issued it, by name and key identifier; the valid ones and those whose identifier agrees first. */
function issuersOf(
  certificate: Certificate,
  among: readonly Certificate[],
  at: Date,
  checks: SignatureChecks,
): Certificate[] {
  const named = among.filter((issuer) => isNamedIssuer(issuer, certificate))
  if (named.length < 2) return named
  const signers = named.filter((issuer) => checks.holds(certificate, issuer))
  const rank = (issuer: Certificate): number =>
    (issuer.subjectKeyId !== null && issuer.subjectKeyId === certificate.authorityKeyId ? 0 : 1) +
    (issuer.notBefore <= at && at <= issuer.notAfter ? 0 : 2)
  return [...(signers.length > 0 ? signers : named.slice(0, 1))].sort((a, b) => rank(a) - rank(b))
}

function isNamedIssuer(issuer: Certificate, certificate: Certificate): boolean {
  if (compareBytes(issuer.der, certificate.der) === 0) return false
  const { authorityKeyId } = certificate
  if (authorityKeyId !== null && issuer.subjectKeyId !== null && authorityKeyId !== issuer.subjectKeyId) return false
  return isSameName(issuer.subject, certificate.issuer)
}

/** The same name with the same key twice on a path leads nowhere new (RFC 4158 2.4.2). */
const isSameEntity = (a: Certificate, b: Certificate): boolean =>
  compareBytes(a.spki, b.spki) === 0 && isSameName(a.subject, b.subject)
