import { compareBytes } from './bytes.ts'
import { optionalAttribute, requiredAttribute } from './cms-attribute.ts'
import type { IssuerAndSerial } from './cms-certificate.ts'
import { writeSigningCertificate } from './cms-signing-certificate.ts'
import { equalBytes } from './crypto.ts'
import { contextTag, readDer, readOctets, readOid, sequence, TAG } from './der-read.ts'
import { readText, readTime } from './der-text.ts'
import { tlv, writeOctets, writeOid, writeSequence, writeSetOf, writeTime, writeUtf8 } from './der-write.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { encodeHash, encodeSignatureAlgorithm } from './signature.ts'
import type { SignedAttribute } from './cms-types.ts'
import type { HashName, SignatureAlgorithm } from './types.ts'

export interface SignedAttributeFields {
  readonly contentDigest: Uint8Array
  readonly hash: HashName
  readonly algorithm: SignatureAlgorithm
  readonly certificate: Uint8Array
  readonly certificateId: IssuerAndSerial
  readonly signingTime?: Date
  readonly mimeType?: string
}

const attribute = (oid: string, value: Uint8Array): Uint8Array => writeSequence(writeOid(oid), writeSetOf(value))

type Signing = Pick<SignedAttributeFields, 'hash' | 'algorithm' | 'certificate' | 'certificateId'>

/** What signatures of one signer have in common. */
interface Lasting {
  /** Attributes that are the same in all of them. */
  readonly attributes: readonly Uint8Array[]
  /** The whole set, as it was written last. */
  last: Frame | null
}
const lasting = new WeakMap<IssuerAndSerial, Map<string, Lasting>>()

/** `certificateId` stands for the certificate it was read of. */
function lastingOf({ hash, algorithm, certificate, certificateId }: Signing): Lasting {
  const known = lasting.get(certificateId) ?? new Map<string, Lasting>()
  lasting.set(certificateId, known)
  const name = `${hash} ${algorithm}`
  const found = known.get(name)
  if (found) return found
  const protection = writeSequence(
    encodeHash(hash),
    tlv(contextTag(1, true), readDer(encodeSignatureAlgorithm(algorithm)).body),
  )
  const attributes = [
    attribute(OID.contentType, writeOid(OID.data)),
    attribute(OID.signingCertificateV2, writeSigningCertificate(certificate, certificateId, hash)),
    attribute(OID.cmsAlgorithmProtection, protection),
  ]
  const made = { attributes, last: null }
  known.set(name, made)
  return made
}

/** A set of attributes in which another digest of the same length may take its place. */
interface Frame {
  /** Of the signing time, which has no parts of a second (RFC 5652 11.3). */
  readonly second: number | null
  readonly mimeType: string | undefined
  readonly octets: number
  readonly set: Uint8Array
  /** Where the digest stands. */
  readonly at: number
}

const secondOf = (time: Date | undefined): number | null => (time ? Math.floor(time.getTime() / 1000) : null)

/** The order does not depend on the digest: no two attributes are of one type, and the type comes before the value. */
function writeFrame({ contentDigest, signingTime, mimeType }: SignedAttributeFields, { attributes }: Lasting): Frame {
  const digested = attribute(OID.messageDigest, writeOctets(contentDigest))
  const sorted = [
    digested,
    ...attributes,
    ...(signingTime ? [attribute(OID.signingTime, writeTime(signingTime))] : []),
    ...(mimeType === undefined ? [] : [attribute(OID.mimeType, writeUtf8(mimeType))]),
  ].sort(compareBytes)
  const set = tlv(TAG.set, ...sorted)
  const behind = sorted.slice(sorted.indexOf(digested) + 1).reduce((sum, { length }) => sum + length, 0)
  const octets = contentDigest.length
  return { second: secondOf(signingTime), mimeType, octets, set, at: set.length - behind - octets }
}

/** The signed attributes as the SET OF that is signed (RFC 5652 5.4; ETSI EN 319 122-1 5.1, 5.2). */
export function writeSignedAttributes(fields: SignedAttributeFields): Uint8Array {
  const { contentDigest, signingTime, mimeType } = fields
  const known = lastingOf(fields)
  const { last } = known
  const isSame = last?.octets === contentDigest.length && last.mimeType === mimeType
  const frame = isSame && last.second === secondOf(signingTime) ? last : writeFrame(fields, known)
  known.last = frame
  const set = new Uint8Array(frame.set)
  set.set(contentDigest, frame.at)
  return set
}

/** The content-type attribute says the same as the content itself (RFC 5652 11.1). */
export function verifyContentType(attributes: readonly SignedAttribute[], expected: string): void {
  const type = readOid(requiredAttribute(attributes, OID.contentType, 'RFC 5652 11.1'))
  if (type !== expected) refuse('content-type', 'RFC 5652 11.1', { oid: type })
}

/** RFC 5652 11.2. */
export function verifyMessageDigest(attributes: readonly SignedAttribute[], contentDigest: Uint8Array): void {
  const claimed = readOctets(requiredAttribute(attributes, OID.messageDigest, 'RFC 5652 11.2'))
  if (!equalBytes(claimed, contentDigest)) refuse('digest-mismatch', 'RFC 5652 11.2')
}

/**
 * RFC 6211: the algorithms outside the signed attributes are the ones the signer meant. May be absent in foreign
 * signatures: the hash of the signature algorithm must then be the digest's, which the caller checks.
 */
export function verifyAlgorithmProtection(
  attributes: readonly SignedAttribute[],
  digestAlgorithm: Uint8Array,
  signatureAlgorithm: Uint8Array,
): void {
  const node = optionalAttribute(attributes, OID.cmsAlgorithmProtection)
  if (!node) return
  const fields = sequence(node, 'CMSAlgorithmProtection')
  const claimedDigest = fields.next().raw
  const claimedSignature = fields.next(contextTag(1, true)).body
  fields.end()
  const same =
    compareBytes(claimedDigest, digestAlgorithm) === 0 &&
    compareBytes(claimedSignature, readDer(signatureAlgorithm).body) === 0
  if (!same) refuse('algorithm-protection', 'RFC 6211 3')
}

/** As claimed by the signer (RFC 5652 11.3). */
export function readSigningTime(attributes: readonly SignedAttribute[]): Date | null {
  const node = optionalAttribute(attributes, OID.signingTime)
  return node && readTime(node)
}

/** ETSI EN 319 122-1 5.2.5. */
export function readMimeType(attributes: readonly SignedAttribute[]): string | null {
  const node = optionalAttribute(attributes, OID.mimeType)
  return node && readText(node)
}
