import { compareBytes } from './bytes.ts'
import { optionalAttribute } from './cms-attribute.ts'
import type { IssuerAndSerial } from './cms-certificate.ts'
import { digest, equalBytes, sha1Name } from './crypto.ts'
import { contextTag, DerCursor, readOctets, sequence, TAG, type DerNode } from './der-read.ts'
import { writeOctets, writeSequence, tlv } from './der-write.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { encodeHash, parseHash } from './signature.ts'
import type { SignedAttribute } from './cms-types.ts'
import type { HashName } from './types.ts'

const MAX_IDS = 32

/** SigningCertificateV2 with one ESSCertIDv2 (RFC 5035 4). SHA-256 is the DEFAULT and must then be left out. */
export function writeSigningCertificate(certificate: Uint8Array, id: IssuerAndSerial, hash: HashName): Uint8Array {
  const generalNames = writeSequence(tlv(contextTag(4, true), id.issuer))
  const issuerSerial = writeSequence(generalNames, id.serial)
  const algorithm = hash === 'sha256' ? [] : [encodeHash(hash)]
  const essId = writeSequence(...algorithm, writeOctets(digest(hash, certificate)), issuerSerial)
  return writeSequence(writeSequence(essId))
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
  const node = optionalAttribute(attributes, OID.signingCertificateV2)
  if (!node) return refuse('missing-attribute', 'RFC 5035 3', { oid: OID.signingCertificateV2 })
  verifyV2(node, certificate, id)
}

/**
 * The same for a time-stamp token, where RFC 3161 asks for the older ESSCertID (SHA-1, RFC 2634 5.4) and RFC 5816 for
 * either. SHA-1 only names a certificate here that the signature and the path prove anyway. Both, where both are there.
 */
export function verifyTokenCertificate(
  attributes: readonly SignedAttribute[],
  certificate: Uint8Array,
  id: IssuerAndSerial,
): void {
  const v1 = optionalAttribute(attributes, OID.signingCertificate)
  const v2 = optionalAttribute(attributes, OID.signingCertificateV2)
  if (!v1 && !v2) refuse('missing-attribute', 'RFC 5816 2.2.1: ESSCertID or ESSCertIDv2')
  if (v1) {
    const fields = firstId(v1, 'SigningCertificate')
    verifyId(fields, sha1Name(certificate), id)
  }
  if (v2) verifyV2(v2, certificate, id)
}

function verifyV2(node: DerNode, certificate: Uint8Array, id: IssuerAndSerial): void {
  const fields = firstId(node, 'SigningCertificateV2')
  const algorithm = fields.optional(TAG.sequence)
  const hash = algorithm ? parseHash(algorithm) : 'sha256'
  if (algorithm && hash === 'sha256') refuse('malformed', 'X.690 11.5: DEFAULT SHA-256 encoded')
  verifyId(fields, digest(hash, certificate), id)
}

function firstId(node: DerNode, what: string): DerCursor {
  const attribute = sequence(node, what)
  const [first] = sequence(attribute.next(), 'certs').rest(MAX_IDS)
  attribute.optional(TAG.sequence)
  attribute.end()
  return first ? sequence(first, 'ESSCertID') : refuse('malformed', 'RFC 5035 3: certs')
}

function verifyId(fields: DerCursor, expected: Uint8Array, id: IssuerAndSerial): void {
  const claimed = readOctets(fields.next())
  const issuerSerial = fields.optional(TAG.sequence)
  fields.end()
  if (!equalBytes(claimed, expected)) refuse('signer-certificate', 'RFC 5035 4: certHash')
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
