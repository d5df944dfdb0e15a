import { compareBytes } from './bytes.ts'
import { assembleSigned } from './certificate.ts'
import { contextTag, DerCursor, readBitOctets, readDer, readOid, readSmallInteger, sequence, TAG } from './der-read.ts'
import { tlv, writeInteger, writeOid, writeSequence, writeSetOf } from './der-write.ts'
import { parseExtensions, readExtension, writeExtension } from './extension.ts'
import { readAltNames, writeSubjectAltName } from './general-name.ts'
import { encodeName, parseName } from './name.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { publicKeyInfo, verifyKeyStrength } from './public-key.ts'
import { parseSignatureAlgorithm, strongAlgorithm, verifySignature } from './signature.ts'
import type { CertificationRequest, ExternalSigner, NameAttribute, SubjectAltName } from './types.ts'

export const MAX_CSR_BYTES = 16 * 1024
const ATTRIBUTES = contextTag(0, true)

export interface CsrFields {
  readonly subject: readonly NameAttribute[]
  readonly spki: Uint8Array
  readonly subjectAltName?: Partial<SubjectAltName>
}

/** The bytes a card signs to prove that it holds the key (RFC 2986 4.1, CertificationRequestInfo). */
export function buildCsrInfo({ subject, spki, subjectAltName }: CsrFields): Uint8Array {
  publicKeyInfo(spki)
  const names = writeSubjectAltName(subjectAltName ?? {})
  const request = names && writeSequence(writeExtension(OID.subjectAltName, false, names))
  const attributes = request ? [writeSequence(writeOid(OID.extensionRequest), writeSetOf(request))] : []
  return writeSequence(writeInteger(0), encodeName(subject), spki, tlv(ATTRIBUTES, ...attributes))
}

/** A PKCS#10 request, DER. Throws PkiError `invalid-input` and whatever the signer throws. */
export async function signCsr(fields: CsrFields, signer: ExternalSigner): Promise<Uint8Array> {
  const info = buildCsrInfo(fields)
  return assembleSigned(info, signer.algorithm, await signer.sign(info))
}

/**
 * Reads a request and verifies its proof of possession (RFC 2986 4.2): the key inside signed it. It proves nothing
 * about the subject, which the requester chose. Throws PkiError `malformed`, `too-large`, `weak-key`, `weak-hash`,
 * `bad-signature`, `unsupported-algorithm`, `unsupported-version`.
 */
export function verifyCsr(der: Uint8Array): CertificationRequest {
  const copy = new Uint8Array(der)
  const outer = sequence(readDer(copy, MAX_CSR_BYTES), 'CertificationRequest')
  const infoNode = outer.next()
  const signatureAlgorithm = strongAlgorithm(parseSignatureAlgorithm(outer.next().raw))
  const signature = readBitOctets(outer.next())
  outer.end()

  const info = sequence(infoNode, 'CertificationRequestInfo')
  const version = readSmallInteger(info.next())
  if (version !== 0) refuse('unsupported-version', 'RFC 2986 4.1', { version })
  const subject = parseName(info.next().raw)
  const spki = info.next().raw
  const subjectAltName = readAttributes(new DerCursor(info.next(), ATTRIBUTES, 'attributes'))
  info.end()

  const key = publicKeyInfo(spki)
  verifyKeyStrength(key)
  verifySignature({ algorithm: signatureAlgorithm, spki, data: infoNode.raw, signature })
  return Object.freeze({ der: copy, subject, spki, key, signatureAlgorithm, subjectAltName })
}

function readAttributes(attributes: DerCursor): SubjectAltName | null {
  let subjectAltName: SubjectAltName | null = null
  const seen = new Set<string>()
  let previous: Uint8Array | null = null
  for (const node of attributes.rest(16)) {
    if (previous && compareBytes(previous, node.raw) >= 0) refuse('malformed', 'X.690 11.6: SET OF not sorted')
    previous = node.raw
    const fields = sequence(node, 'Attribute')
    const oid = readOid(fields.next())
    const values = new DerCursor(fields.next(), TAG.set, 'values')
    fields.end()
    if (seen.has(oid)) refuse('duplicate-attribute', 'RFC 2986 4.1', { oid })
    seen.add(oid)
    if (oid !== OID.extensionRequest) continue
    const extensions = parseExtensions(values.next())
    values.end()
    subjectAltName = readExtension(extensions, OID.subjectAltName, readAltNames)?.view ?? null
  }
  return subjectAltName
}
