import { compareBytes } from './bytes.ts'
import { verifyNameConstraints } from './name-constraints.ts'
import { verifyByResponses } from './ocsp-verify.ts'
import { candidatePaths } from './path-build.ts'
import { isSelfIssued, verifyPolicies } from './path-policies.ts'
import { PkiError, refuse } from './pki-error.ts'
import { verifyKeyStrength } from './public-key.ts'
import { verifyByLists, verifyNotListed, type RevocationContext } from './revocation.ts'
import { SignatureChecks } from './signature-checks.ts'
import { isStrong } from './signature.ts'
import type { VerifiedPath, VerifyPathOptions } from './path-types.ts'
import type { Certificate } from './types.ts'

/** A signer of lists is proved by lists, whose signer … ends somewhere. */
const MAX_SIGNER_DEPTH = 3

/**
 * Proves that a path leads from `leaf` to one of `anchors` and that every certificate on it may be where it is
 * (RFC 5280 6.1 and 6.3; policies by the graph of RFC 9618). Anchors are held to the same rules as everything else,
 * except that no list can revoke them and their policies say nothing.
 * Throws PkiError; where no path passes, the error of the first candidate.
 */
export function verifyPath(options: VerifyPathOptions): VerifiedPath {
  return new Validation(options, new SignatureChecks(), []).run()
}

class Validation {
  readonly #options: VerifyPathOptions
  readonly #checks: SignatureChecks
  /** Certificates whose status is being asked for right now: none of them may answer for itself. */
  readonly #pending: readonly Certificate[]

  constructor(options: VerifyPathOptions, checks: SignatureChecks, pending: readonly Certificate[]) {
    this.#options = options
    this.#checks = checks
    this.#pending = pending
  }

  run(): VerifiedPath {
    const { leaf, intermediates = [], anchors, at } = this.#options
    let first: PkiError | null = null
    try {
      for (const path of candidatePaths({ leaf, intermediates, anchors, at }, this.#checks)) {
        try {
          return { path, policies: this.#verify(path) }
        } catch (error) {
          if (!(error instanceof PkiError) || error.reason === 'too-large') throw error
          first ??= error
        }
      }
    } catch (error) {
      if (!(error instanceof PkiError)) throw error
      first ??= error
    }
    throw first ?? new PkiError('untrusted', 'RFC 5280 6.1.1 (d)', { issuer: leaf.issuer.text })
  }

  /** The list of checks. The leaf comes first, so that "expired" is said of the card in hand before its issuer. */
  #verify(path: readonly Certificate[]): readonly string[] {
    const { at, revocation } = this.#options
    for (const certificate of path) {
      verifyExtensionsKnown(certificate)
      verifyKeyStrength(certificate.key)
    }
    path.forEach((certificate, i) => this.#verifySigned(certificate, path[i + 1] ?? certificate))
    for (const certificate of path) verifyTime(certificate, at)
    path.slice(1).forEach((issuer, i) => verifyMayIssue(issuer, path.slice(1, i + 1), i === path.length - 2))
    verifyNameConstraints(path)
    const policies = verifyPolicies(path, this.#options)
    verifyUsage(path[0] as Certificate, this.#options)
    if (revocation === 'require') {
      path
        .slice(0, -1)
        .forEach((certificate, i) => this.#verifyRevocation(certificate, path[i + 1] as Certificate, path))
    }
    return policies
  }

  /**
   * 6.1.3 (a) (1). The anchor is checked against itself, where it is self-signed by something that still proves
   * anything; it is trusted because the caller says so, and old public roots are signed with SHA-1.
   */
  #verifySigned(certificate: Certificate, issuer: Certificate): void {
    const isAnchor = issuer === certificate
    if (isAnchor && (!isSelfIssued(certificate) || !isStrong(certificate.signatureAlgorithm))) return
    this.#checks.verify(certificate, issuer)
  }

  /**
   * 6.1.3 (a) (3). A good answer is enough where lists say nothing, and never hides what a list that verifies says: whoever
   * gathers the proofs may have kept the answer of before the theft and the list of after it.
   */
  #verifyRevocation(certificate: Certificate, issuer: Certificate, path: readonly Certificate[]): void {
    const { crls, ocsp = [], intermediates = [], at, knownAt = null, existedBy = at } = this.#options
    const context: RevocationContext = {
      ...(crls ? { crls } : {}),
      ocsp,
      at,
      knownAt,
      existedBy,
      checks: this.#checks,
      signers: [...path, ...intermediates],
      proveSigner: (signer) => this.#proveSigner(signer, certificate, path.at(-1) as Certificate),
    }
    const undecided = verifyByResponses(certificate, issuer, context)
    if (undecided === 'good') return verifyNotListed(certificate, issuer, context)
    try {
      verifyByLists(certificate, issuer, context)
    } catch (error) {
      const nothing = error instanceof PkiError && error.reason === 'no-revocation-data'
      throw nothing ? (undecided ?? error) : error
    }
  }

  #proveSigner(leaf: Certificate, judged: Certificate, anchor: Certificate): void {
    const pending = [...this.#pending, judged]
    const circular = pending.some((one) => compareBytes(one.der, leaf.der) === 0)
    if (circular || pending.length > MAX_SIGNER_DEPTH) refuse('crl-issuer', 'RFC 5280 6.3.3 (f): signer not proved')
    if (compareBytes(leaf.der, anchor.der) === 0) return
    const { requiredKeyUsage: _, requiredEku: __, policies: ___, ...rest } = this.#options
    const options = { ...rest, leaf, anchors: [anchor], caLeaf: true, requireExplicitPolicy: false }
    new Validation(options, this.#checks, pending).run()
  }
}

/** 6.1.4 (o), 6.1.5 (f): what is marked critical and not understood must stop us. */
function verifyExtensionsKnown({ unknownCritical, subject }: Certificate): void {
  const [oid] = unknownCritical
  if (oid !== undefined) refuse('critical-extension', 'RFC 5280 4.2', { oid, subject: subject.text })
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

/**
 * 6.1.4 (k), (l), (m), (n). `below`: the certificates between the issuer and the leaf; self-issued ones do not count.
 * A CA below the anchor says what its key is for (4.2.1.3); an anchor may be older than that rule.
 */
function verifyMayIssue(issuer: Certificate, below: readonly Certificate[], isAnchor: boolean): void {
  const { version, basicConstraints, keyUsage, subject } = issuer
  if (version !== 3 || !basicConstraints?.ca) refuse('not-a-ca', 'RFC 5280 6.1.4 (k)', { subject: subject.text })
  const { pathLength } = basicConstraints
  const length = below.filter((one) => !isSelfIssued(one)).length
  if (pathLength !== null && length > pathLength) refuse('path-len', 'RFC 5280 6.1.4 (l)', { limit: pathLength })
  if (!(keyUsage?.has('keyCertSign') ?? isAnchor)) {
    refuse('key-usage', 'RFC 5280 6.1.4 (n)', { needed: 'keyCertSign', subject: subject.text })
  }
}

/** A leaf is not a CA unless that is meant, and has every usage asked for. */
function verifyUsage(leaf: Certificate, { caLeaf, requiredKeyUsage = [], requiredEku }: VerifyPathOptions): void {
  if (leaf.basicConstraints?.ca && !caLeaf) {
    refuse('key-usage', 'RFC 5280 4.2.1.9: a CA as leaf', { subject: leaf.subject.text })
  }
  for (const needed of requiredKeyUsage) {
    if (!leaf.keyUsage?.has(needed)) refuse('key-usage', 'RFC 5280 4.2.1.3', { needed })
  }
  if (requiredEku !== undefined && !leaf.extendedKeyUsage?.includes(requiredEku)) {
    refuse('eku', 'RFC 5280 4.2.1.12', { needed: requiredEku })
  }
}
