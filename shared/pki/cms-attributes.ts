import { compareBytes } from './bytes.ts'
import { digest, equalBytes } from './crypto.ts'
import { contextTag, DerCursor, readDer, readOctets, readOid, sequence, TAG, type DerNode } from './der-read.ts'
import { readText, readTime } from './der-text.ts'
import { tlv, writeOctets, writeOid, writeSequence, writeSetOf, writeTime, writeUtf8 } from './der-write.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { encodeHash, encodeSignatureAlgorithm, parseHash } from './signature.ts'
import type { HashName, SignatureAlgorithm, SignedAttribute } from './types.ts'

const MAX_ATTRIBUTES = 32

/** Issuer (DER) and serial (DER INTEGER), as a certificate has them. */
export interface IssuerAndSerial {
  readonly issuer: Uint8Array
  readonly serial: Uint8Array
}

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

/** The signed attributes as the SET OF that is signed (RFC 5652 5.4; ETSI EN 319 122-1 5.1, 5.2). */
export function writeSignedAttributes(fields: SignedAttributeFields): Uint8Array {
  const { hash, algorithm, certificateId } = fields
  const protection = writeSequence(
    encodeHash(hash),
    tlv(contextTag(1, true), readDer(encodeSignatureAlgorithm(algorithm)).body),
  )
  return writeSetOf(
    attribute(OID.contentType, writeOid(OID.data)),
    attribute(OID.messageDigest, writeOctets(fields.contentDigest)),
    attribute(OID.signingCertificateV2, writeSigningCertificate(fields.certificate, certificateId, hash)),
    attribute(OID.cmsAlgorithmProtection, protection),
    ...(fields.signingTime ? [attribute(OID.signingTime, writeTime(fields.signingTime))] : []),
    ...(fields.mimeType === undefined ? [] : [attribute(OID.mimeType, writeUtf8(fields.mimeType))]),
  )
}

/** SigningCertificateV2 with one ESSCertIDv2 (RFC 5035 4). SHA-256 is the DEFAULT and must then be left out. */
function writeSigningCertificate(certificate: Uint8Array, id: IssuerAndSerial, hash: HashName): Uint8Array {
  const generalNames = writeSequence(tlv(contextTag(4, true), id.issuer))
  const issuerSerial = writeSequence(generalNames, id.serial)
  const algorithm = hash === 'sha256' ? [] : [encodeHash(hash)]
  const essId = writeSequence(...algorithm, writeOctets(digest(hash, certificate)), issuerSerial)
  return writeSequence(writeSequence(essId))
}

/**
 * Attributes with one value each (RFC 5652 11; ETSI EN 319 122-1 5.1), sorted, none twice: two readers of a doubled
 * attribute could each believe another digest or another signer.
 */
export function readAttributes(node: DerNode, tag: number): readonly SignedAttribute[] {
  const seen = new Set<string>()
  let previous: Uint8Array | null = null
  return new DerCursor(node, tag, 'SignedAttributes').rest(MAX_ATTRIBUTES).map((item) => {
    if (previous && compareBytes(previous, item.raw) > 0) refuse('unsorted-attributes', 'RFC 5652 5.3: DER')
    previous = item.raw
    const fields = sequence(item, 'Attribute')
    const oid = readOid(fields.next())
    const values = new DerCursor(fields.next(), TAG.set, 'AttributeValues')
    fields.end()
    if (seen.has(oid)) refuse('duplicate-attribute', 'RFC 5652 5.3', { oid })
    seen.add(oid)
    const value = values.next().raw
    if (!values.done) refuse('duplicate-attribute', 'RFC 5652 11: one value', { oid })
    return { oid, value }
  })
}

/** A required attribute's value, or `missing-attribute`. */
function required(attributes: readonly SignedAttribute[], oid: string, clause: string): DerNode {
  return optional(attributes, oid) ?? refuse('missing-attribute', clause, { oid })
}

function optional(attributes: readonly SignedAttribute[], oid: string): DerNode | null {
  const found = attributes.find((attribute) => attribute.oid === oid)
  return found ? readDer(found.value) : null
}

/** The content-type attribute says the same as the content itself (RFC 5652 11.1). */
export function verifyContentType(attributes: readonly SignedAttribute[]): void {
  const type = readOid(required(attributes, OID.contentType, 'RFC 5652 11.1'))
  if (type !== OID.data) refuse('content-type', 'RFC 5652 11.1', { oid: type })
}

/** RFC 5652 11.2. */
export function verifyMessageDigest(attributes: readonly SignedAttribute[], contentDigest: Uint8Array): void {
  const claimed = readOctets(required(attributes, OID.messageDigest, 'RFC 5652 11.2'))
  if (!equalBytes(claimed, contentDigest)) refuse('digest-mismatch', 'RFC 5652 11.2')
}

/**
 * The first ESSCertIDv2 is the signer's certificate (RFC 5035 4): otherwise another certificate over the same key,
 * with other rights, could be put in its place.
 */
export function verifySigningCertificate(
  attributes: readonly SignedAttribute[],
  certificate: Uint8Array,
  id: IssuerAndSerial,
): void {
  const attribute = sequence(required(attributes, OID.signingCertificateV2, 'RFC 5035 3'), 'SigningCertificateV2')
  const essIds = sequence(attribute.next(), 'certs').rest(MAX_ATTRIBUTES)
  attribute.optional(TAG.sequence)
  attribute.end()
  const [first] = essIds
  if (!first) return refuse('malformed', 'RFC 5035 3: certs')
  const fields = sequence(first, 'ESSCertIDv2')
  const algorithm = fields.optional(TAG.sequence)
  const hash = algorithm ? parseHash(algorithm) : 'sha256'
  if (algorithm && hash === 'sha256') refuse('malformed', 'X.690 11.5: DEFAULT SHA-256 encoded')
  const claimed = readOctets(fields.next())
  const issuerSerial = fields.optional(TAG.sequence)
  fields.end()
  if (!equalBytes(claimed, digest(hash, certificate))) refuse('signer-certificate', 'RFC 5035 4: certHash')
  if (issuerSerial) verifyIssuerSerial(sequence(issuerSerial, 'IssuerSerial'), id)
}

function verifyIssuerSerial(fields: DerCursor, id: IssuerAndSerial): void {
  const names = sequence(fields.next(), 'GeneralNames')
  const directory = new DerCursor(names.next(), contextTag(4, true), 'directoryName')
  const issuer = directory.next().raw
  directory.end()
  names.end()
  const serial = fields.next().raw
  fields.end()
  if (compareBytes(issuer, id.issuer) !== 0 || compareBytes(serial, id.serial) !== 0) {
    refuse('signer-certificate', 'RFC 5035 4: issuerSerial')
  }
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
  const node = optional(attributes, OID.cmsAlgorithmProtection)
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
  const node = optional(attributes, OID.signingTime)
  return node && readTime(node)
}

/** ETSI EN 319 122-1 5.2.5. */
export function readMimeType(attributes: readonly SignedAttribute[]): string | null {
  const node = optional(attributes, OID.mimeType)
  return node && readText(node)
}
