import { toHex } from './bytes.ts'
import { readSerial } from './certificate.ts'
import { digest, equalBytes, sha1Name } from './crypto.ts'
import { readBits, readDer, readOctets, readOid, sequence, type DerNode } from './der-read.ts'
import { writeExplicit, writeNull, writeOctets, writeOid, writeSequence } from './der-write.ts'
import { issuerAndSerial } from './cms-certificate.ts'
import { writeExtension } from './extension.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import type { Certificate, HashName } from './types.ts'

/** RFC 9654 2.1: at least 32 octets are sent, up to 128 understood. */
const MIN_NONCE_OCTETS = 32
const MAX_NONCE_OCTETS = 128

export interface OcspRequestFields {
  readonly certificate: Certificate
  readonly issuer: Certificate
  /** Random octets, 32 to 128, new for each request; left out for responders that answer from a store (RFC 5019). */
  readonly nonce?: Uint8Array
  /** Of the CertID only. SHA-1 is what every responder knows (RFC 6960 4.3); it names a certificate, it proves nothing. */
  readonly idHash?: 'sha1' | 'sha256'
}

/** OCSPRequest about one certificate, DER, not signed (RFC 6960 4.1). Throws PkiError `invalid-input`. */
export function buildOcspRequest({ certificate, issuer, nonce, idHash = 'sha1' }: OcspRequestFields): Uint8Array {
  if (nonce && (nonce.length < MIN_NONCE_OCTETS || nonce.length > MAX_NONCE_OCTETS)) {
    refuse('invalid-input', 'RFC 9654 2.1: nonce of 32 to 128 octets', { octets: nonce.length })
  }
  const { serial } = issuerAndSerial(certificate.der)
  const { name, key } = issuerHashes(idHash, certificate, issuer)
  const oid = idHash === 'sha1' ? OID.sha1 : OID.sha256
  const certId = writeSequence(writeSequence(writeOid(oid), writeNull()), writeOctets(name), writeOctets(key), serial)
  const extensions = nonce
    ? [writeExplicit(2, writeSequence(writeExtension(OID.ocspNonce, false, writeOctets(nonce))))]
    : []
  return writeSequence(writeSequence(writeSequence(writeSequence(certId)), ...extensions))
}

/** CertID as read (RFC 6960 4.1.1). */
export interface CertificateId {
  readonly hash: HashName | 'sha1'
  readonly nameHash: Uint8Array
  readonly keyHash: Uint8Array
  readonly serial: string
}

const HASHES: Readonly<Record<string, HashName | 'sha1'>> = {
  [OID.sha1]: 'sha1',
  [OID.sha256]: 'sha256',
  [OID.sha384]: 'sha384',
  [OID.sha512]: 'sha512',
}

export function readCertificateId(node: DerNode): CertificateId {
  const fields = sequence(node, 'CertID')
  const algorithm = sequence(fields.next(), 'AlgorithmIdentifier')
  const oid = readOid(algorithm.next())
  algorithm.rest(1)
  const hash = HASHES[oid] ?? refuse('unsupported-algorithm', 'RFC 6960 4.1.1: hashAlgorithm', { oid })
  const nameHash = readOctets(fields.next())
  const keyHash = readOctets(fields.next())
  const serial = readSerial(fields.next())
  fields.end()
  return { hash, nameHash, keyHash, serial }
}

/** The very certificate: same serial, same issuer by name and key. */
export function isAbout(id: CertificateId, certificate: Certificate, issuer: Certificate): boolean {
  if (id.serial !== certificate.serial) return false
  const { name, key } = issuerHashes(id.hash, certificate, issuer)
  return equalBytes(id.nameHash, name) && equalBytes(id.keyHash, key)
}

/** Over the issuer's name as the certificate has it, and over the issuer's key without its wrapping (4.1.1). */
function issuerHashes(hash: HashName | 'sha1', certificate: Certificate, issuer: Certificate) {
  const of = (bytes: Uint8Array): Uint8Array => (hash === 'sha1' ? sha1Name(bytes) : digest(hash, bytes))
  return { name: of(certificate.issuer.der), key: of(keyOctets(issuer.spki)) }
}

function keyOctets(spki: Uint8Array): Uint8Array {
  const fields = sequence(readDer(spki), 'SubjectPublicKeyInfo')
  fields.next()
  return readBits(fields.next()).octets
}

/** ResponderID byKey: SHA-1 of the responder's key (RFC 6960 4.2.1), hex. */
export const responderKeyHash = (spki: Uint8Array): string => toHex(sha1Name(keyOctets(spki)))
