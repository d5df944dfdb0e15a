import { refuse } from './ades-error.ts'
import { parseCanonicalization, parseDigestUri } from './algorithms.ts'
import { decodeBase64 } from './base64.ts'
import { algorithmOf, ElementCursor, isCalled } from './element-cursor.ts'
import type { CarriedValues, SignedProperties, StampProperty, UnsignedProperty } from './xades-parts.ts'
import { attributesOf, childElements, textOf, type XmlElement } from './xml-node.ts'

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/
const MAX_PROPERTIES = 64
const MAX_VALUES = 512

/**
 * The signed properties of the baseline (EN 319 132-1 5.2, 6.3). What else they hold is refused, but for the signer's
 * role and place and the commitment, which change nothing here; a signature policy would.
 */
export function readSignedProperties(element: XmlElement, contentId: string): SignedProperties {
  const fields = new ElementCursor(element)
  const signature = fields.one('xades:SignedSignatureProperties')
  const data = fields.one('xades:SignedDataObjectProperties')
  fields.end()
  return { ...readSignatureProperties(signature), mimeType: readMimeType(data, contentId) }
}

function readSignatureProperties(element: XmlElement): Omit<SignedProperties, 'mimeType'> {
  attributesOf(element, ['Id'])
  const fields = new ElementCursor(element)
  const time = textOf(fields.one('xades:SigningTime'))
  const certificate = fields.optional('xades:SigningCertificateV2')
  if (!certificate) return refuse('signed-properties', 'EN 319 132-1 5.2.2: SigningCertificateV2')
  fields.optional('xades:SignatureProductionPlaceV2')
  fields.optional('xades:SignerRoleV2')
  fields.end()
  const signingTime = new Date(DATE_TIME.test(time) ? time : Number.NaN)
  if (Number.isNaN(signingTime.getTime())) refuse('signed-properties', 'EN 319 132-1 5.2.1: SigningTime')
  return { signingTime, ...readSigningCertificate(certificate) }
}

/** The first Cert is the signer's; further ones only name the path. */
function readSigningCertificate(
  element: XmlElement,
): Pick<SignedProperties, 'certificateHash' | 'certificateDigest' | 'issuerSerial'> {
  attributesOf(element, [])
  const certificates = new ElementCursor(element)
  const fields = new ElementCursor(certificates.one('xades:Cert'))
  certificates.all('xades:Cert')
  certificates.end()
  const digest = new ElementCursor(fields.one('xades:CertDigest'))
  const issuerSerial = fields.optional('xades:IssuerSerialV2')
  fields.end()
  const certificateHash = parseDigestUri(algorithmOf(digest.one('ds:DigestMethod')))
  const certificateDigest = decodeBase64(textOf(digest.one('ds:DigestValue')))
  digest.end()
  return { certificateHash, certificateDigest, issuerSerial: issuerSerial && decodeBase64(textOf(issuerSerial)) }
}

/** EN 319 132-1 5.2.4: of the one thing signed. */
function readMimeType(element: XmlElement, contentId: string): string {
  attributesOf(element, ['Id'])
  const fields = new ElementCursor(element)
  const format = fields.one('xades:DataObjectFormat')
  fields.all('xades:CommitmentTypeIndication')
  fields.end()
  if (attributesOf(format, ['ObjectReference']).get('ObjectReference') !== `#${contentId}`) {
    refuse('signed-properties', 'EN 319 132-1 5.2.4: ObjectReference')
  }
  const inner = new ElementCursor(format)
  inner.optional('xades:Description')
  inner.optional('xades:ObjectIdentifier')
  const mimeType = textOf(inner.one('xades:MimeType'))
  inner.optional('xades:Encoding')
  inner.end()
  return mimeType
}

/** EN 319 132-1 5.3, 5.4, 5.5: those of the baseline; any other is refused with `shape`. */
export function readUnsignedProperties(container: XmlElement): UnsignedProperty[] {
  attributesOf(container, ['Id'])
  const elements = childElements(container)
  if (elements.length > MAX_PROPERTIES) refuse('xml-too-large', 'unsigned properties', { limit: MAX_PROPERTIES })
  return elements.map(readUnsigned)
}

function readUnsigned(element: XmlElement): UnsignedProperty {
  if (isCalled(element, 'xades:SignatureTimeStamp')) return readStamp(element, 'signature-time-stamp')
  if (isCalled(element, 'xades141:ArchiveTimeStamp')) return readStamp(element, 'archive-time-stamp')
  if (isCalled(element, 'xades:CertificateValues')) {
    return {
      kind: 'certificate-values',
      element,
      values: { certificates: readCertificates(element), crls: [], ocsp: [] },
    }
  }
  if (isCalled(element, 'xades:RevocationValues')) {
    return { kind: 'revocation-values', element, values: { certificates: [], ...readRevocations(element) } }
  }
  if (isCalled(element, 'xades141:TimeStampValidationData')) {
    return { kind: 'validation-data', element, values: readValidationData(element) }
  }
  return refuse('shape', 'EN 319 132-1 6.3: unsigned property', { found: element.local })
}

/** 5.3, 5.5.2: implicit mechanism only; `Include` would let the signature say what its time-stamp is over. */
function readStamp(element: XmlElement, kind: StampProperty['kind']): StampProperty {
  attributesOf(element, ['Id'])
  const fields = new ElementCursor(element)
  const canonicalization = fields.optional('ds:CanonicalizationMethod')
  const token = readEncapsulated(fields.one('xades:EncapsulatedTimeStamp'))
  fields.end()
  // XML Signature 4.4.3.2: without a method it is Canonical XML 1.0.
  const method = canonicalization ? parseCanonicalization(algorithmOf(canonicalization)) : 'inclusive'
  return { kind, element, method, token }
}

function readCertificates(element: XmlElement): Uint8Array[] {
  attributesOf(element, ['Id'])
  const fields = new ElementCursor(element)
  const found = fields.all('xades:EncapsulatedX509Certificate', MAX_VALUES)
  fields.end()
  return found.map(readEncapsulated)
}

function readRevocations(element: XmlElement): Omit<CarriedValues, 'certificates'> {
  attributesOf(element, ['Id'])
  const fields = new ElementCursor(element)
  const crls = fields.optional('xades:CRLValues')
  const ocsp = fields.optional('xades:OCSPValues')
  fields.end()
  const list = (parent: XmlElement | null, name: 'xades:EncapsulatedCRLValue' | 'xades:EncapsulatedOCSPValue') => {
    if (!parent) return []
    const inner = new ElementCursor(parent)
    const found = inner.all(name, MAX_VALUES)
    inner.end()
    return found.map(readEncapsulated)
  }
  return { crls: list(crls, 'xades:EncapsulatedCRLValue'), ocsp: list(ocsp, 'xades:EncapsulatedOCSPValue') }
}

function readValidationData(element: XmlElement): CarriedValues {
  attributesOf(element, ['Id', 'URI'])
  const fields = new ElementCursor(element)
  const certificates = fields.optional('xades:CertificateValues')
  const revocations = fields.optional('xades:RevocationValues')
  fields.end()
  return {
    certificates: certificates ? readCertificates(certificates) : [],
    ...(revocations ? readRevocations(revocations) : { crls: [], ocsp: [] }),
  }
}

const DER_ENCODING = 'http://uri.etsi.org/01903/v1.2.2#DER'

/** EN 319 132-1 5.1.3: DER, which is what the absence of `Encoding` says too. */
function readEncapsulated(element: XmlElement): Uint8Array {
  const encoding = attributesOf(element, ['Id', 'Encoding']).get('Encoding') ?? DER_ENCODING
  if (encoding !== DER_ENCODING) refuse('shape', 'EN 319 132-1 5.1.3: Encoding', { encoding })
  return decodeBase64(textOf(element))
}
