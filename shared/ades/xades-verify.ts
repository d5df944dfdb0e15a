import {
  digest,
  equalBytes,
  parseAnyCrl,
  parseCertificate,
  suffices,
  verifyKeyStrength,
  verifyPath,
  verifySignature,
  verifyTimeStampToken,
  type Certificate,
  type HashName,
  type SignatureAlgorithm,
  type VerifiedTimeStamp,
  type VerifyPathOptions,
  lastsUntil,
  oldestOf,
  verifyOutlives,
} from '../pki/index.ts'
import { refuse } from './ades-error.ts'
import { xadesHashFor } from './algorithms.ts'
import { archiveDigest, contentStates, type ContentHash } from './archive-imprint.ts'
import { canonicalBytes, canonicalDigest } from './canonical.ts'
import { fromXmlSignature, isIssuerSerialOf, peekTimeStamp } from './pki-parts.ts'
import { readXades } from './xades-read.ts'
import type { StampProperty, XadesParts } from './xades-parts.ts'
import type { XmlLimits } from './xml-read.ts'
import type { XmlElement } from './xml-node.ts'

export interface XadesToVerify extends Omit<VerifyPathOptions, 'leaf' | 'at' | 'knownAt' | 'existedBy'> {
  /** The signature, or the document that envelops it. */
  readonly xml: Uint8Array
  /** Detached: digests of the file (`ContentHashes`), by the hashes that `readXadesNeeds` names. */
  readonly contentHash?: ContentHash
  /** Detached: the name that the signature must give to the file. Left out: the caller compares `contentUri`. */
  readonly uri?: string
  /** Who may vouch for time-stamping authorities. Default: `anchors`. */
  readonly timeStampAnchors?: readonly Certificate[]
  /** The present moment. */
  readonly now: Date
  /**
   * By when something outside proves that all of this existed: a newer time-stamp over a list with its digest. Then it
   * need not last by itself.
   */
  readonly existedBy?: Date
  readonly limits?: XmlLimits
}

export interface VerifiedXades {
  readonly signed: {
    readonly signerCertificate: Certificate
    /** All certificates of KeyInfo, the signer's included. Untrusted material for path building. */
    readonly certificates: readonly Certificate[]
    /** As claimed by the signer. */
    readonly signingTime: Date
    readonly mimeType: string
    readonly signatureAlgorithm: SignatureAlgorithm
  }
  readonly form: 'enveloped' | 'detached'
  /** Detached: the name of the file as signed. */
  readonly contentUri: string | null
  /** Enveloped: the root that was signed, all of it but the signature, its last child. Read this, not the file again. */
  readonly root: XmlElement | null
  /** What the signature carries, and what therefore was verified. */
  readonly level: 'B-B' | 'B-T' | 'B-LT' | 'B-LTA'
  /** By when the signature existed, as the oldest time-stamp proves, or `existedBy`; null at B-B without. */
  readonly provedAt: Date | null
  /** The signer's path, judged at `provedAt`, or now. */
  readonly path: readonly Certificate[]
  readonly signatureTimeStamps: readonly VerifiedTimeStamp[]
  /** Oldest first. */
  readonly archiveTimeStamps: readonly VerifiedTimeStamp[]
}

/** Each is over all that came before it, so the work grows with their square. */
const MAX_ARCHIVES = 16

interface Stamp extends StampProperty {
  /** How many unsigned properties stand before it. */
  readonly before: number
  readonly genTime: Date
  readonly hash: HashName
}

/**
 * A signature with all that is around it (ETSI EN 319 132-1 6.3; EN 319 102-1 5.3, 5.5, 5.6): both references, the
 * signature itself, the certificate named in what is signed, each time-stamp over what it must be over, each authority
 * still valid when the next newer time-stamp was made (the newest: now), the signer's path at the oldest time proved.
 * As `verifyCades` does. Throws AdesError and PkiError; every time-stamp carried has to stand.
 */
export function verifyXades(wanted: XadesToVerify): VerifiedXades {
  const { xml, contentHash, uri, timeStampAnchors, now, existedBy, limits, ...options } = wanted
  const parts = readXades(xml, limits)
  const contentOf = contentStates(parts, contentHash)
  verifyReferences(parts, contentOf, uri)
  const certificates = parts.certificates.map((der) => parseCertificate(der))
  const signerCertificate = findSigner(parts, certificates)
  verifyValue(parts, signerCertificate)

  const values = parts.unsigned.flatMap((one) => ('values' in one ? [one.values] : []))
  const carried = values.flatMap((one) => one.certificates.map((der) => parseCertificate(der)))
  const lists = values.flatMap((one) => one.crls.map((der) => parseAnyCrl(der)))
  const answers = values.flatMap((one) => one.ocsp)
  const trust = {
    ...options,
    intermediates: [...certificates, ...carried, ...(wanted.intermediates ?? [])],
    crls: [...lists, ...(wanted.crls ?? [])],
    ocsp: [...answers, ...(wanted.ocsp ?? [])],
  }
  const { signatureStamps, archives } = orderStamps(parts)
  const verifyStamp = ({ token, hash }: Stamp, imprint: Uint8Array, until: Date): VerifiedTimeStamp => {
    const { crls, ocsp, intermediates, revocation } = trust
    const anchors = timeStampAnchors ?? wanted.anchors
    const sources = { crls, ocsp, intermediates, revocation, anchors, knownAt: now, existedBy: until }
    return verifyOutlives(verifyTimeStampToken(token, { ...sources, imprint: { hash, digest: imprint }, now }), until)
  }
  const untilOf = ({ genTime }: Stamp): Date => lastsUntil(genTime, existedBy, now)
  const archiveTimeStamps = archives.map((one, i) => {
    const imprint = archiveDigest(parts, one.hash, one.method, one.before, contentOf)
    return verifyStamp(one, imprint, archives[i + 1]?.genTime ?? untilOf(one))
  })
  const signatureTimeStamps = signatureStamps.map((one) => {
    const imprint = canonicalDigest(one.hash, parts.signatureValue, one.method)
    return verifyStamp(one, imprint, archives[0]?.genTime ?? untilOf(one))
  })
  const provedAt = oldestOf([...signatureTimeStamps, ...archiveTimeStamps], existedBy)
  const moment = provedAt ? { at: provedAt, knownAt: now } : { at: now }
  const { path } = verifyPath({ ...trust, ...moment, leaf: signerCertificate })

  const data = { crls: lists, ocsp: answers, now }
  const hasData =
    suffices({ ...data, path, at: provedAt ?? now }) &&
    signatureTimeStamps.every((one) => suffices({ ...data, path: one.path, at: one.genTime }))
  const level = signatureStamps.length === 0 ? 'B-B' : !hasData ? 'B-T' : archives.length === 0 ? 'B-LT' : 'B-LTA'
  const { signingTime, mimeType } = parts.signed
  return {
    signed: { signerCertificate, certificates, signingTime, mimeType, signatureAlgorithm: parts.algorithm },
    form: parts.form,
    contentUri: parts.form === 'detached' ? (contentReference(parts)?.uri ?? null) : null,
    root: parts.form === 'enveloped' ? parts.document.root : null,
    level,
    provedAt,
    path,
    signatureTimeStamps,
    archiveTimeStamps,
  }
}

const contentReference = (parts: XadesParts) => parts.references.find(({ to }) => to === 'content')

/** XML Signature 3.2.1, and EN 319 132-1 6.3: digests by the signature's own hash, so that none is weaker. */
function verifyReferences(parts: XadesParts, contentOf: ContentHash, uri: string | undefined): void {
  for (const reference of parts.references) {
    if (xadesHashFor(parts.algorithm) !== reference.hash)
      refuse('algorithm', 'one hash throughout', { hash: reference.hash })
    const isContent = reference.to === 'content'
    if (isContent && uri !== undefined && parts.form === 'detached' && reference.uri !== uri) {
      refuse('reference', 'XML Signature 4.4.3.1: another file', { uri: reference.uri })
    }
    const actual = isContent
      ? contentOf(reference.hash).digest()
      : canonicalDigest(reference.hash, parts.signedProperties, reference.method)
    if (!equalBytes(actual, reference.digest)) {
      refuse(isContent ? 'digest-mismatch' : 'signed-properties', 'XML Signature 3.2.1', { reference: reference.to })
    }
  }
}

/** EN 319 132-1 5.2.2: the certificate named in what is signed, whatever order KeyInfo has. */
function findSigner({ signed }: XadesParts, certificates: readonly Certificate[]): Certificate {
  const { certificateHash, certificateDigest, issuerSerial } = signed
  const matching = certificates.filter(({ der }) => equalBytes(digest(certificateHash, der), certificateDigest))
  const [signer] = matching
  if (!signer || matching.length !== 1) {
    return refuse('signer-certificate', 'EN 319 132-1 5.2.2: CertDigest', { count: matching.length })
  }
  if (issuerSerial && !isIssuerSerialOf(issuerSerial, signer.der)) {
    refuse('signer-certificate', 'EN 319 132-1 5.2.2: IssuerSerialV2')
  }
  return signer
}

function verifyValue(parts: XadesParts, { key, spki }: Certificate): void {
  verifyKeyStrength(key)
  const data = canonicalBytes(parts.signedInfo, parts.signedInfoMethod)
  verifySignature({ algorithm: parts.algorithm, spki, data, signature: fromXmlSignature(key, parts.value) })
}

/** EN 319 132-1 5.5.2: what came later stands later. A signature time-stamp behind an archive one proves nothing new. */
function orderStamps({ unsigned }: XadesParts): { readonly signatureStamps: Stamp[]; readonly archives: Stamp[] } {
  const stamps = unsigned.flatMap((one, before): Stamp[] => {
    if (!('token' in one)) return []
    const { genTime, imprint } = peekTimeStamp(one.token)
    return [{ ...one, before, genTime, hash: imprint.hash }]
  })
  const archives = stamps.filter(({ kind }) => kind === 'archive-time-stamp')
  const signatureStamps = stamps.filter(({ kind }) => kind === 'signature-time-stamp')
  if (archives.length > MAX_ARCHIVES) refuse('xml-too-large', 'archive time-stamps', { limit: MAX_ARCHIVES })
  const first = archives[0]
  const isLate = first !== undefined && signatureStamps.some((one) => one.before > first.before)
  const isBack = archives.some((one, i) => i > 0 && one.genTime < (archives[i - 1]?.genTime ?? one.genTime))
  if (isLate || isBack) refuse('time-stamp-order', 'EN 319 132-1 5.5.2')
  return { signatureStamps, archives }
}
