import { compareBytes } from './bytes.ts'
import { parseCertificate } from './certificate.ts'
import { issuerAndSerial } from './cms-certificate.ts'
import {
  readAttributes,
  readMimeType,
  readSigningTime,
  verifyAlgorithmProtection,
  verifyContentType,
  verifyMessageDigest,
  verifySigningCertificate,
  type IssuerAndSerial,
} from './cms-attributes.ts'
import { digest } from './crypto.ts'
import {
  contextTag,
  DerCursor,
  readDer,
  readOctets,
  readOid,
  readSmallInteger,
  sequence,
  TAG,
  type DerNode,
} from './der-read.ts'
import { tlv, writeNull, writeOid, writeSequence } from './der-write.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { cmsHashFor, parseHash, parseSignatureAlgorithm, strongAlgorithm, verifySignature } from './signature.ts'
import type { Certificate, HashName, SignatureAlgorithm, VerifiedSignedData } from './types.ts'

const MAX_CERTIFICATES = 32
const CONTEXT_0 = contextTag(0, true)
const CONTEXT_1 = contextTag(1, true)

export interface SignedDataToVerify {
  readonly cms: Uint8Array
  /** The content of a detached signature. Given for an attached one, it must be the same. */
  readonly content?: Uint8Array
}

/**
 * Proves that `content` was signed, with the attributes given back, by the key of `signerCertificate`
 * (RFC 5652 5.6, ETSI EN 319 122-1 B-B, stricter than both: DER throughout, one signer, id-data only, SHA-2 only,
 * identified by issuer and serial). Whether that certificate is trusted is the caller's next question: `verifyPath`.
 * Throws PkiError.
 */
export function verifySignedData({ cms, content }: SignedDataToVerify): VerifiedSignedData {
  const signed = readSignedData(new Uint8Array(cms))
  const info = readSignerInfo(signed.signerInfo)
  if (compareBytes(signed.digestAlgorithm, info.digestAlgorithm) !== 0) {
    refuse('algorithm-protection', 'RFC 5652 5.1: digestAlgorithms')
  }
  // A digest weaker than the signature's own hash would be the point of attack.
  if (info.hash !== cmsHashFor(info.algorithm)) refuse('algorithm-protection', 'RFC 5754 3: one hash')
  const bytes = contentOf(signed.eContent, content)
  const signer = findSigner(signed.certificates, info.id)
  const attributes = readAttributes(info.attributes, CONTEXT_0)

  verifyContentType(attributes)
  verifyMessageDigest(attributes, digest(info.hash, bytes))
  verifySigningCertificate(attributes, signer.der, info.id)
  verifyAlgorithmProtection(attributes, info.digestAlgorithm, info.signatureAlgorithm)
  // The signature is over the attributes as SET OF, not as the `[0]` they are stored under (RFC 5652 5.4).
  const data = tlv(TAG.set, info.attributes.body)
  verifySignature({ algorithm: info.algorithm, spki: signer.spki, data, signature: info.signature })

  return {
    content: bytes,
    signerCertificate: signer,
    certificates: signed.certificates,
    signingTime: readSigningTime(attributes),
    mimeType: readMimeType(attributes),
    signatureAlgorithm: info.algorithm,
    signedAttributes: attributes,
  }
}

interface SignedDataParts {
  readonly digestAlgorithm: Uint8Array
  readonly eContent: Uint8Array | null
  readonly certificates: readonly Certificate[]
  readonly signerInfo: DerNode
}

function readSignedData(cms: Uint8Array): SignedDataParts {
  const outer = sequence(readDer(cms), 'ContentInfo')
  const type = readOid(outer.next())
  if (type !== OID.signedData) refuse('content-type', 'RFC 5652 5.1: signedData', { oid: type })
  const wrapper = new DerCursor(outer.next(), CONTEXT_0, 'content')
  outer.end()
  const fields = sequence(wrapper.next(), 'SignedData')
  wrapper.end()
  const version = readSmallInteger(fields.next())
  if (version !== 1) refuse('unsupported-version', 'RFC 5652 5.1: SignedData', { version })
  const digests = new DerCursor(fields.next(), TAG.set, 'digestAlgorithms').rest(4)
  const eContent = readEncapsulated(sequence(fields.next(), 'EncapsulatedContentInfo'))
  const certificates = new DerCursor(fields.next(), CONTEXT_0, 'certificates').rest(MAX_CERTIFICATES)
  // Revocation lists carried along are the sender's choice; callers bring their own.
  fields.optional(CONTEXT_1)
  const infos = new DerCursor(fields.next(), TAG.set, 'signerInfos').rest(4)
  fields.end()
  const [signerInfo] = infos
  const [digestAlgorithm] = digests
  if (!signerInfo || infos.length !== 1) return refuse('signer-count', 'one SignerInfo', { count: infos.length })
  if (!digestAlgorithm || digests.length !== 1) return refuse('malformed', 'RFC 5652 5.1: digestAlgorithms')
  return {
    digestAlgorithm: digestAlgorithm.raw,
    eContent,
    certificates: certificates.map((node) => parseCertificate(node.raw)),
    signerInfo,
  }
}

function readEncapsulated(fields: DerCursor): Uint8Array | null {
  const type = readOid(fields.next())
  if (type !== OID.data) refuse('content-type', 'RFC 5652 5.2: id-data', { oid: type })
  const wrapper = fields.optional(CONTEXT_0)
  fields.end()
  if (!wrapper) return null
  const inner = new DerCursor(wrapper, CONTEXT_0, 'eContent')
  const content = readOctets(inner.next())
  inner.end()
  return content
}

function contentOf(eContent: Uint8Array | null, given: Uint8Array | undefined): Uint8Array {
  if (!eContent) return given ?? refuse('content-missing', 'RFC 5652 5.2: detached')
  if (given && compareBytes(eContent, given) !== 0) refuse('content-mismatch', 'RFC 5652 5.2: attached')
  return eContent
}

interface SignerInfoParts {
  readonly id: IssuerAndSerial
  readonly hash: HashName
  readonly digestAlgorithm: Uint8Array
  readonly attributes: DerNode
  readonly algorithm: SignatureAlgorithm
  readonly signatureAlgorithm: Uint8Array
  readonly signature: Uint8Array
}

function readSignerInfo(node: DerNode): SignerInfoParts {
  const fields = sequence(node, 'SignerInfo')
  const version = readSmallInteger(fields.next())
  if (version !== 1) refuse('unsupported-version', 'RFC 5652 5.3: issuerAndSerialNumber only', { version })
  const sid = sequence(fields.next(), 'IssuerAndSerialNumber')
  const id = { issuer: sid.next().raw, serial: sid.next().raw }
  sid.end()
  const digestNode = fields.next()
  const hash = parseHash(digestNode)
  const attributes = fields.optional(CONTEXT_0)
  if (!attributes) return refuse('missing-attribute', 'RFC 5652 5.3: signedAttrs')
  const signatureAlgorithm = fields.next().raw
  const signature = readOctets(fields.next())
  // Not signed, so nothing of them is believed or given back; they must at least be well formed.
  const unsigned = fields.optional(CONTEXT_1)
  if (unsigned) readAttributes(unsigned, CONTEXT_1)
  fields.end()
  const algorithm = algorithmOf(signatureAlgorithm, hash)
  return { id, hash, digestAlgorithm: digestNode.raw, attributes, algorithm, signatureAlgorithm, signature }
}

const RSA_ENCRYPTION = writeSequence(writeOid(OID.rsaEncryption), writeNull())

/** `rsaEncryption` stands for PKCS#1 v1.5 with the digest algorithm's hash (RFC 3370 3.2); OpenSSL writes it so. */
function algorithmOf(encoded: Uint8Array, hash: HashName): SignatureAlgorithm {
  if (compareBytes(encoded, RSA_ENCRYPTION) === 0) return `rsa-${hash}`
  return strongAlgorithm(parseSignatureAlgorithm(encoded))
}

function findSigner(certificates: readonly Certificate[], id: IssuerAndSerial): Certificate {
  const matching = certificates.filter((certificate) => {
    const own = issuerAndSerial(certificate.der)
    return compareBytes(own.issuer, id.issuer) === 0 && compareBytes(own.serial, id.serial) === 0
  })
  const [signer] = matching
  if (!signer || matching.length !== 1) {
    return refuse('signer-certificate', 'RFC 5652 5.3: one certificate for the sid', { count: matching.length })
  }
  return signer
}
