import {
  digest,
  equalBytes,
  parseCertificate,
  verifyKeyStrength,
  verifySignature,
  type ExternalSigner,
  type HashName,
} from '../pki/index.ts'
import { refuse } from './ades-error.ts'
import { ENVELOPED, EXCLUSIVE, SIGNED_PROPERTIES_TYPE, signatureUri, xadesHashFor } from './algorithms.ts'
import { encodeBase64 } from './base64.ts'
import { canonicalBytes, canonicalDigest } from './canonical.ts'
import {
  CANONICALIZATION_METHOD,
  digestMethod,
  digestValue,
  parseFragment,
  SIGNATURE_NAMESPACES,
  transform,
} from './fragment.ts'
import { issuerSerialOf, toXmlSignature } from './pki-parts.ts'
import { readXml, XML_LIMITS, type XmlLimits } from './xml-read.ts'
import { elementsOf, isNamed } from './xml-node.ts'
import { NAMESPACES } from './algorithms.ts'
import { isName, writeText, writeValue } from './xml-text.ts'

export interface XadesFields {
  readonly signer: ExternalSigner
  /** DER of the signer's certificate and of what leads to (but need not include) the anchor. */
  readonly certificate: Uint8Array
  readonly chain?: readonly Uint8Array[]
  readonly signingTime: Date
  /** Id of the signature, the other Ids begin with it; a name that no other element of the document has. */
  readonly id: string
  readonly mimeType: string
  /** Digest of the content by `xadesHashFor(signer.algorithm)`. */
  readonly contentDigest: Uint8Array
}

export interface DetachedXadesFields extends XadesFields {
  /** How the signature refers to the file: its name. Neither empty nor beginning with `#`. */
  readonly uri: string
}

export interface EnvelopedXadesFields extends Omit<XadesFields, 'contentDigest'> {
  readonly document: Uint8Array
  readonly limits?: XmlLimits
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

/**
 * XAdES B-B (ETSI EN 319 132-1 6.3) in a document of its own, over a file of any size that the caller has digested. The
 * key stays where it is: `signer.sign` gets the canonical SignedInfo. What comes back is verified before it is given
 * out. Throws AdesError `invalid-input`; PkiError `weak-key`, `bad-signature`; what the signer throws.
 */
export async function signXmlDetached({ uri, ...fields }: DetachedXadesFields): Promise<Uint8Array> {
  if (uri === '' || uri.startsWith('#')) refuse('invalid-input', 'XML Signature 4.4.3.1: a file of its own')
  return new TextEncoder().encode(DECLARATION + (await writeSignature(fields, { uri, transforms: [] })) + '\n')
}

/** The same for an enveloped signature, to be inserted as last child of the root (see `CanonicalWriter`). */
export const writeEnvelopedSignature = (fields: XadesFields): Promise<string> =>
  writeSignature(fields, { uri: '', transforms: [ENVELOPED, EXCLUSIVE] })

/**
 * The document with an enveloped B-B signature as last child of its root. Only below `limits` and only the first
 * signature of a document: another would change what the first is over. Throws as `signXmlDetached` and `readXml`.
 */
export async function signXmlEnveloped({
  document,
  limits = XML_LIMITS,
  ...fields
}: EnvelopedXadesFields): Promise<Uint8Array> {
  const { text, root } = readXml(document, limits)
  const elements = [...elementsOf(root)]
  if (elements.some((one) => isNamed(one, NAMESPACES.ds, 'Signature'))) {
    refuse('signature-count', 'XML Signature 6.6.4: one enveloped signature')
  }
  if (elements.some((one) => one.attributes.some(({ value }) => value.startsWith(fields.id)))) {
    refuse('xml-duplicate-id', 'XML 1.0 3.3.1: ID', { id: fields.id })
  }
  const contentDigest = canonicalDigest(xadesHashFor(fields.signer.algorithm), root, 'exclusive')
  const signature = await writeEnvelopedSignature({ ...fields, contentDigest })
  const at = root.endTagAt ?? refuse('shape', 'a root element without content')
  return new TextEncoder().encode(text.slice(0, at) + signature + text.slice(at))
}

interface ContentReference {
  readonly uri: string
  readonly transforms: readonly string[]
}

async function writeSignature(fields: XadesFields, content: ContentReference): Promise<string> {
  const { signer, certificate, chain = [], id } = fields
  const { algorithm } = signer
  const hash = xadesHashFor(algorithm)
  const { key, spki } = parseCertificate(certificate)
  verifyKeyStrength(key)
  if (!isName(id)) refuse('invalid-input', 'Namespaces in XML 3: NCName as Id')
  if (fields.contentDigest.length !== digest(hash).length) refuse('invalid-input', 'digest of the content', { hash })

  const properties = signedProperties(fields, hash)
  const propertiesDigest = canonicalDigest(hash, parseFragment(properties), 'exclusive')
  const info =
    `<ds:SignedInfo>${CANONICALIZATION_METHOD}` +
    `<ds:SignatureMethod Algorithm="${signatureUri(algorithm)}"></ds:SignatureMethod>` +
    reference({
      id: `${id}-content`,
      uri: content.uri,
      transforms: content.transforms,
      hash,
      digest: fields.contentDigest,
    }) +
    reference({
      id: `${id}-properties-reference`,
      type: SIGNED_PROPERTIES_TYPE,
      uri: `#${id}-properties`,
      transforms: [EXCLUSIVE],
      hash,
      digest: propertiesDigest,
    }) +
    '</ds:SignedInfo>'
  const data = canonicalBytes(parseFragment(info), 'exclusive')
  const signature = await signer.sign(data)
  verifySignature({ algorithm, spki, data, signature })

  const value = encodeBase64(toXmlSignature(key, signature))
  const certificates = distinct([certificate, ...chain]).map(
    (der) => `<ds:X509Certificate>${encodeBase64(der)}</ds:X509Certificate>`,
  )
  return (
    `<ds:Signature${SIGNATURE_NAMESPACES} Id="${id}">${info}` +
    `<ds:SignatureValue Id="${id}-value">${value}</ds:SignatureValue>` +
    `<ds:KeyInfo><ds:X509Data>${certificates.join('')}</ds:X509Data></ds:KeyInfo>` +
    `<ds:Object><xades:QualifyingProperties Target="#${id}">${properties}</xades:QualifyingProperties></ds:Object>` +
    '</ds:Signature>'
  )
}

/** EN 319 132-1 5.2.1 SigningTime, 5.2.2 SigningCertificateV2, 5.2.4 DataObjectFormat. */
function signedProperties({ id, certificate, signingTime, mimeType }: XadesFields, hash: HashName): string {
  if (Number.isNaN(signingTime.getTime())) refuse('invalid-input', 'EN 319 132-1 5.2.1: SigningTime')
  return (
    `<xades:SignedProperties Id="${id}-properties"><xades:SignedSignatureProperties>` +
    `<xades:SigningTime>${signingTime.toISOString().slice(0, 19)}Z</xades:SigningTime>` +
    '<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>' +
    `${digestMethod(hash)}${digestValue(digest(hash, certificate))}</xades:CertDigest>` +
    `<xades:IssuerSerialV2>${encodeBase64(issuerSerialOf(certificate))}</xades:IssuerSerialV2>` +
    '</xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>' +
    `<xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#${id}-content">` +
    `<xades:MimeType>${writeText(mimeType)}</xades:MimeType></xades:DataObjectFormat>` +
    '</xades:SignedDataObjectProperties></xades:SignedProperties>'
  )
}

interface ReferenceFields extends ContentReference {
  readonly id: string
  readonly type?: string
  readonly hash: HashName
  readonly digest: Uint8Array
}

function reference({ id, type, uri, transforms, hash, digest }: ReferenceFields): string {
  const listed = transforms.length > 0 ? `<ds:Transforms>${transforms.map(transform).join('')}</ds:Transforms>` : ''
  const typed = type === undefined ? '' : ` Type="${type}"`
  return (
    `<ds:Reference Id="${id}"${typed} URI="${writeValue(uri)}">` +
    `${listed}${digestMethod(hash)}${digestValue(digest)}</ds:Reference>`
  )
}

const distinct = (items: readonly Uint8Array[]): Uint8Array[] =>
  items.filter((item, at) => items.findIndex((other) => equalBytes(item, other)) === at)
