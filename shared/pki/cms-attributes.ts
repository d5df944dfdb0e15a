import { compareBytes } from './bytes.ts'
import { optionalAttribute, requiredAttribute } from './cms-attribute.ts'
import type { IssuerAndSerial } from './cms-certificate.ts'
import { writeSigningCertificate } from './cms-signing-certificate.ts'
import { equalBytes } from './crypto.ts'
import { contextTag, readDer, readOctets, readOid, sequence } from './der-read.ts'
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

type Lasting = Pick<SignedAttributeFields, 'hash' | 'algorithm' | 'certificate' | 'certificateId'>
const lasting = new WeakMap<IssuerAndSerial, Map<string, readonly Uint8Array[]>>()

/** Those that are the same in every signature of a signer; `certificateId` stands for the certificate it was read of. */
function lastingAttributes({ hash, algorithm, certificate, certificateId }: Lasting): readonly Uint8Array[] {
  const known = lasting.get(certificateId) ?? new Map<string, readonly Uint8Array[]>()
  lasting.set(certificateId, known)
  const name = `${hash} ${algorithm}`
  const found = known.get(name)
  if (found) return found
  const protection = writeSequence(
    encodeHash(hash),
    tlv(contextTag(1, true), readDer(encodeSignatureAlgorithm(algorithm)).body),
  )
  const made = [
    attribute(OID.contentType, writeOid(OID.data)),
    attribute(OID.signingCertificateV2, writeSigningCertificate(certificate, certificateId, hash)),
    attribute(OID.cmsAlgorithmProtection, protection),
  ]
  known.set(name, made)
  return made
}

/** The signed attributes as the SET OF that is signed (RFC 5652 5.4; ETSI EN 319 122-1 5.1, 5.2). */
export function writeSignedAttributes(fields: SignedAttributeFields): Uint8Array {
  return writeSetOf(
    attribute(OID.messageDigest, writeOctets(fields.contentDigest)),
    ...lastingAttributes(fields),
    ...(fields.signingTime ? [attribute(OID.signingTime, writeTime(fields.signingTime))] : []),
    ...(fields.mimeType === undefined ? [] : [attribute(OID.mimeType, writeUtf8(fields.mimeType))]),
  )
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
