import { compareBytes } from './bytes.ts'
import { verifyCrl, verifyNotRevoked } from './crl.ts'
import { PkiError, refuse } from './pki-error.ts'
import { verifyKeyStrength } from './public-key.ts'
import { strongAlgorithm, verifySignature } from './signature.ts'
import type { Certificate, CertificateList, VerifiedPath, VerifyPathOptions } from './types.ts'

// Limits against a sender of many look-alike intermediates, each of which would cost a signature check.
const MAX_PATH = 8
const MAX_INTERMEDIATES = 32
const MAX_CANDIDATES = 16

/**
 * Proves that a path leads from `leaf` to one of `anchors` and that every certificate on it may be where it is
 * (RFC 5280 6.1 and 6.3, without policy trees and name constraints: a certificate that needs them is refused).
 * Anchors are held to the same rules as everything else, except that no list can revoke them.
 * Throws PkiError; where no path passes, the error of the first candidate.
 */
export function verifyPath(options: VerifyPathOptions): VerifiedPath {
  let first: PkiError | null = null
  for (const path of candidatePaths(options)) {
    try {
      verifyCandidate(path, options)
      return { path }
    } catch (error) {
      if (!(error instanceof PkiError)) throw error
      first ??= error
    }
  }
  throw first ?? new PkiError('untrusted', 'RFC 5280 6.1.1 (d)', { issuer: options.leaf.issuer.text })
}

/** The list of checks. The leaf comes first, so that "expired" is said of the card in hand before its issuer. */
function verifyCandidate(path: readonly Certificate[], options: VerifyPathOptions): void {
  const { at, crls = [] } = options
  for (const certificate of path) {
    verifyExtensionsKnown(certificate)
    verifyStrength(certificate)
  }
  path.forEach((certificate, i) => verifySignedByIssuer(certificate, path[i + 1] ?? certificate))
  for (const certificate of path) verifyTime(certificate, at)
  path.slice(1).forEach((issuer, below) => verifyMayIssue(issuer, below))
  verifyUsage(path[0] as Certificate, options)
  if (options.revocation === 'none') return
  path.slice(0, -1).forEach((certificate, i) => verifyRevocation(certificate, path[i + 1] as Certificate, crls, at))
}

/** Follows names upwards (6.1.3 a 4); attacker-chosen, proves nothing. Anchors are tried before intermediates. */
function candidatePaths({ leaf, intermediates = [], anchors }: VerifyPathOptions): Certificate[][] {
  if (intermediates.length > MAX_INTERMEDIATES) refuse('too-large', 'intermediates', { limit: MAX_INTERMEDIATES })
  const found: Certificate[][] = []
  const grow = (path: Certificate[]): void => {
    const last = path.at(-1) as Certificate
    for (const anchor of anchors) {
      if (found.length < MAX_CANDIDATES && isNamedIssuer(anchor, last)) found.push([...path, anchor])
    }
    if (path.length >= MAX_PATH - 1) return
    for (const next of intermediates) {
      const seen = path.some((one) => compareBytes(one.der, next.der) === 0)
      if (found.length < MAX_CANDIDATES && !seen && isNamedIssuer(next, last)) grow([...path, next])
    }
  }
  grow([leaf])
  return found
}

function isNamedIssuer(issuer: Certificate, certificate: Certificate): boolean {
  if (compareBytes(issuer.der, certificate.der) === 0) return false
  if (compareBytes(issuer.subject.der, certificate.issuer.der) !== 0) return false
  const { authorityKeyId } = certificate
  return authorityKeyId === null || issuer.subjectKeyId === null || authorityKeyId === issuer.subjectKeyId
}

/** 6.1.4 (o), 6.1.5 (f): what is marked critical and not understood must stop us. */
function verifyExtensionsKnown({ unknownCritical, subject }: Certificate): void {
  const [oid] = unknownCritical
  if (oid === '2.5.29.30') refuse('name-constraints', 'RFC 5280 4.2.1.10: not supported', { subject: subject.text })
  if (oid !== undefined) refuse('critical-extension', 'RFC 5280 4.2', { oid, subject: subject.text })
}

function verifyStrength({ key, signatureAlgorithm }: Certificate): void {
  verifyKeyStrength(key)
  strongAlgorithm(signatureAlgorithm)
}

/** 6.1.3 (a) (1). The anchor is checked against itself: one that is not self-signed has nobody below us to answer for it. */
function verifySignedByIssuer(certificate: Certificate, issuer: Certificate): void {
  if (issuer === certificate && compareBytes(issuer.subject.der, issuer.issuer.der) !== 0) return
  const { signatureAlgorithm: algorithm, tbs: data, signature } = certificate
  verifySignature({ algorithm, spki: issuer.spki, data, signature })
}

/** 6.1.3 (a) (2). Both ends belong to the validity (4.1.2.5). */
function verifyTime({ notBefore, notAfter, subject }: Certificate, at: Date): void {
  if (Number.isNaN(at.getTime())) refuse('invalid-input', 'time of verification')
  if (at < notBefore) {
    refuse('not-yet-valid', 'RFC 5280 4.1.2.5', { subject: subject.text, notBefore: notBefore.toISOString() })
  }
  if (at.getTime() >= notAfter.getTime() + 1000) {
    refuse('expired', 'RFC 5280 4.1.2.5', { subject: subject.text, notAfter: notAfter.toISOString() })
  }
}

/** 6.1.4 (k), (l), (m), (n). `below` counts the certificates between the issuer and the leaf. */
function verifyMayIssue({ version, basicConstraints, keyUsage, subject }: Certificate, below: number): void {
  if (version !== 3 || !basicConstraints?.ca) refuse('not-a-ca', 'RFC 5280 6.1.4 (k)', { subject: subject.text })
  const { pathLength } = basicConstraints
  if (pathLength !== null && below > pathLength) refuse('path-len', 'RFC 5280 6.1.4 (l)', { limit: pathLength })
  if (!keyUsage?.has('keyCertSign')) {
    refuse('key-usage', 'RFC 5280 6.1.4 (n)', { needed: 'keyCertSign', subject: subject.text })
  }
}

/** A leaf is not a CA, and has every usage asked for. */
function verifyUsage(leaf: Certificate, { requiredKeyUsage = [], requiredEku }: VerifyPathOptions): void {
  if (leaf.basicConstraints?.ca) refuse('key-usage', 'RFC 5280 4.2.1.9: a CA as leaf', { subject: leaf.subject.text })
  for (const needed of requiredKeyUsage) {
    if (!leaf.keyUsage?.has(needed)) refuse('key-usage', 'RFC 5280 4.2.1.3', { needed })
  }
  if (requiredEku !== undefined && !leaf.extendedKeyUsage?.includes(requiredEku)) {
    refuse('eku', 'RFC 5280 4.2.1.12', { needed: requiredEku })
  }
}

/**
 * 6.3.3. Of the lists that verify, the one with the highest number speaks: an older one could still hold an entry that
 * was taken off, or lack one that was added. A list that does not verify is as good as none, and then its own refusal
 * is told where it is about time; a forged one is not worth a word.
 */
function verifyRevocation(
  certificate: Certificate,
  issuer: Certificate,
  crls: readonly CertificateList[],
  at: Date,
): void {
  let newest: CertificateList | null = null
  let late: PkiError | null = null
  for (const crl of crls) {
    try {
      verifyCrl(crl, issuer, at)
      if (!newest || crl.number > newest.number) newest = crl
    } catch (error) {
      if (!(error instanceof PkiError)) throw error
      if (error.reason === 'stale-crl' || error.reason === 'crl-not-yet-valid') late ??= error
    }
  }
  if (!newest) throw late ?? new PkiError('no-revocation-data', 'RFC 5280 6.3', { subject: certificate.subject.text })
  verifyNotRevoked(newest, certificate)
}
