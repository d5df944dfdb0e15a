import { compareBytes } from './bytes.ts'
import { parseCertificate } from './certificate.ts'
import { readAttributes } from './cms-attribute.ts'
import {
  readMimeType,
  readSigningTime,
  verifyAlgorithmProtection,
  verifyContentType,
  verifyMessageDigest,
} from './cms-attributes.ts'
import { issuerAndSerial, type IssuerAndSerial } from './cms-certificate.ts'
import { readSignedData, type SignedDataParts } from './cms-parts.ts'
import { verifySigningCertificate } from './cms-signing-certificate.ts'
import { digest } from './crypto.ts'
import { contextTag, TAG } from './der-read.ts'
import { tlv, writeNull, writeOid, writeSequence } from './der-write.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { cmsHashFor, parseHash, parseSignatureAlgorithm, strongAlgorithm, verifySignature } from './signature.ts'
import type { SignedAttribute, VerifiedSignedData } from './cms-types.ts'
import type { Certificate, HashName, SignatureAlgorithm } from './types.ts'

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
  const parts = readSignedData(new Uint8Array(cms), OID.data)
  const bytes = contentOf(parts.eContent, content)
  return { content: bytes, ...verifyDetached(parts, (hash) => digest(hash, bytes)) }
}

/**
 * The same for detached content of any size that the caller digests: `digestOf` is asked once, for the signature's
 * hash (`cmsDigestHash` tells it before). Throws PkiError.
 */
export function verifyDetachedSignature(
  cms: Uint8Array,
  digestOf: (hash: HashName) => Uint8Array,
): Omit<VerifiedSignedData, 'content'> {
  const parts = readSignedData(new Uint8Array(cms), OID.data)
  if (parts.eContent) refuse('content-mismatch', 'RFC 5652 5.2: not detached')
  return verifyDetached(parts, digestOf)
}

/** By which hash the content of a signature is digested. Nothing is verified. Throws PkiError. */
export const cmsDigestHash = (cms: Uint8Array): HashName =>
  parseHash(readSignedData(cms, OID.data).signerInfo.digestAlgorithm)

/** The checks that make a SignedData over id-data a signature of ours, B-B; `parts` stay usable for what is around it. */
export function verifyDetached(
  parts: SignedDataParts,
  digestOf: (hash: HashName) => Uint8Array,
): Omit<VerifiedSignedData, 'content'> {
  const signed = verifyContent(parts, digestOf, 'same')
  const { raw: own } = parts.signerInfo.digestAlgorithm
  if (!parts.digestAlgorithms.some(({ raw }) => compareBytes(raw, own) === 0)) {
    refuse('algorithm-protection', 'RFC 5652 5.1: digestAlgorithms')
  }
  verifySigningCertificate(signed.attributes, signed.signer.der, parts.signerInfo.id)
  return {
    signerCertificate: signed.signer,
    certificates: signed.certificates,
    signingTime: readSigningTime(signed.attributes),
    mimeType: readMimeType(signed.attributes),
    signatureAlgorithm: signed.algorithm,
    signedAttributes: signed.attributes,
  }
}

export interface VerifiedContent {
  readonly signer: Certificate
  readonly certificates: readonly Certificate[]
  readonly hash: HashName
  readonly algorithm: SignatureAlgorithm
  readonly attributes: readonly SignedAttribute[]
}

/**
 * What every kind of signed content has in common: content type, digest, algorithms, signature. The caller still
 * checks the signing-certificate attribute, which differs. `hashes`: must the digest be by the signature's own hash, so
 * that none is the weaker one to attack, or may it be any of SHA-2. Throws PkiError.
 */
export function verifyContent(
  parts: SignedDataParts,
  digestOf: (hash: HashName) => Uint8Array,
  hashes: 'same' | 'any',
): VerifiedContent {
  const info = parts.signerInfo
  const hash = parseHash(info.digestAlgorithm)
  verifyDeclared(parts, hash)
  if (!info.signedAttributes) return refuse('missing-attribute', 'RFC 5652 5.3: signedAttrs')
  const algorithm = algorithmOf(info.signatureAlgorithm, hash)
  if (hashes === 'same' && hash !== cmsHashFor(algorithm)) refuse('algorithm-protection', 'RFC 5754 3: one hash')
  const certificates = parts.certificates.filter((one) => one[0] === TAG.sequence).map((der) => parseCertificate(der))
  const signer = findSigner(certificates, info.id)
  const attributes = readAttributes(info.signedAttributes, contextTag(0, true))

  verifyContentType(attributes, parts.contentType)
  verifyMessageDigest(attributes, digestOf(hash))
  verifyAlgorithmProtection(attributes, info.digestAlgorithm.raw, info.signatureAlgorithm)
  // The signature is over the attributes as SET OF, not as the `[0]` they are stored under (RFC 5652 5.4).
  const data = tlv(TAG.set, info.signedAttributes.body)
  verifySignature({ algorithm, spki: signer.spki, data, signature: info.signature })
  return { signer, certificates, hash, algorithm, attributes }
}

/** No algorithm is declared that serves nobody, and this signer's is among them. Of others nothing need be known. */
function verifyDeclared({ digestAlgorithms, signerInfos, signerInfo }: SignedDataParts, hash: HashName): void {
  const [only, ...more] = digestAlgorithms
  if (!only || digestAlgorithms.length > signerInfos.length)
    return refuse('malformed', 'RFC 5652 5.1: digestAlgorithms')
  const isDeclared =
    more.length === 0
      ? parseHash(only) === hash
      : digestAlgorithms.some(({ raw }) => compareBytes(raw, signerInfo.digestAlgorithm.raw) === 0)
  if (!isDeclared) refuse('algorithm-protection', 'RFC 5652 5.1: digestAlgorithms')
}

function contentOf(eContent: Uint8Array | null, given: Uint8Array | undefined): Uint8Array {
  if (!eContent) return given ?? refuse('content-missing', 'RFC 5652 5.2: detached')
  if (given && compareBytes(eContent, given) !== 0) refuse('content-mismatch', 'RFC 5652 5.2: attached')
  return eContent
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
