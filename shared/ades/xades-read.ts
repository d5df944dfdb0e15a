import { refuse } from './ades-error.ts'
import {
  ENVELOPED,
  NAMESPACES,
  parseCanonicalization,
  parseDigestUri,
  parseSignatureUri,
  SIGNED_PROPERTIES_TYPE,
} from './algorithms.ts'
import { decodeBase64 } from './base64.ts'
import type { Canonicalization } from './canonical.ts'
import { algorithmOf, ElementCursor } from './element-cursor.ts'
import type { XadesParts, XadesReference } from './xades-parts.ts'
import { readSignedProperties, readUnsignedProperties } from './xades-properties.ts'
import { readXml, type XmlLimits } from './xml-read.ts'
import { attributesOf, elementsOf, isElement, isNamed, textOf, type XmlDocument, type XmlElement } from './xml-node.ts'

/**
 * Reads a signature in the shapes accepted and no other. Where each part stands is fixed by its place in the tree; Ids
 * are only compared, never looked up, so a part cannot be moved aside and replaced (signature wrapping). Throws
 * AdesError.
 */
export function readXades(xml: Uint8Array, limits?: XmlLimits): XadesParts {
  const document = readXml(xml, limits)
  const signature = findSignature(document)
  const form = signature === document.root ? 'detached' : 'enveloped'
  const id = attributesOf(signature, ['Id']).get('Id') ?? refuse('shape', 'EN 319 132-1 4.4: Id of the signature')
  const fields = new ElementCursor(signature)
  const signedInfo = fields.one('ds:SignedInfo')
  const signatureValue = fields.one('ds:SignatureValue')
  const keyInfo = fields.one('ds:KeyInfo')
  const object = fields.one('ds:Object')
  fields.end()
  verifyIds(document, signature)
  attributesOf(signatureValue, ['Id'])

  const qualifying = readQualifying(object, id)
  const propertiesId = attributesOf(qualifying.signed, ['Id']).get('Id')
  if (propertiesId === undefined) refuse('signed-properties', 'EN 319 132-1 4.4: Id of SignedProperties')
  const info = readSignedInfo(signedInfo, form, `#${propertiesId}`)
  return {
    document,
    form,
    signature,
    signedInfo,
    signedInfoMethod: info.method,
    algorithm: info.algorithm,
    signatureValue,
    value: decodeBase64(textOf(signatureValue)),
    keyInfo,
    certificates: readKeyInfo(keyInfo),
    references: info.references,
    qualifyingProperties: qualifying.element,
    signedProperties: qualifying.signed,
    signed: readSignedProperties(qualifying.signed, info.contentId),
    unsignedContainer: qualifying.unsigned,
    unsigned: qualifying.unsigned ? readUnsignedProperties(qualifying.unsigned) : [],
  }
}

/** One in the document: the root itself, or the last child element of the root. */
function findSignature({ root }: XmlDocument): XmlElement {
  const found = [...elementsOf(root)].filter((one) => isNamed(one, NAMESPACES.ds, 'Signature'))
  const [signature] = found
  if (!signature || found.length !== 1) {
    return refuse('signature-count', 'XML Signature 4.2: one signature', { count: found.length })
  }
  const isLast = signature.parent === root && root.children.filter(isElement).at(-1) === signature
  if (signature !== root && !isLast) refuse('shape', 'enveloped signature: last child of the root')
  return signature
}

/** XML 1.0 3.3.1: an Id used by the signature is there once, under whatever name documents give to Ids. */
function verifyIds({ root }: XmlDocument, signature: XmlElement): void {
  const idsOf = (element: XmlElement) => element.attributes.filter(({ local }) => /^id$/i.test(local))
  const own = new Set([...elementsOf(signature)].flatMap((one) => idsOf(one).map(({ value }) => value)))
  const seen = new Set<string>()
  for (const element of elementsOf(root)) {
    for (const { value } of idsOf(element)) {
      if (own.has(value) && seen.has(value)) refuse('xml-duplicate-id', 'XML 1.0 3.3.1: ID', { id: value })
      seen.add(value)
    }
  }
}

interface Qualifying {
  readonly element: XmlElement
  readonly signed: XmlElement
  readonly unsigned: XmlElement | null
}

function readQualifying(object: XmlElement, signatureId: string): Qualifying {
  attributesOf(object, ['Id'])
  const inObject = new ElementCursor(object)
  const element = inObject.one('xades:QualifyingProperties')
  inObject.end()
  if (attributesOf(element, ['Id', 'Target']).get('Target') !== `#${signatureId}`) {
    refuse('signed-properties', 'EN 319 132-1 4.3: Target')
  }
  const fields = new ElementCursor(element)
  const signed = fields.one('xades:SignedProperties')
  const unsignedProperties = fields.optional('xades:UnsignedProperties')
  fields.end()
  if (!unsignedProperties) return { element, signed, unsigned: null }
  attributesOf(unsignedProperties, ['Id'])
  const inner = new ElementCursor(unsignedProperties)
  const unsigned = inner.one('xades:UnsignedSignatureProperties')
  inner.end()
  return { element, signed, unsigned }
}

function readSignedInfo(element: XmlElement, form: XadesParts['form'], propertiesUri: string) {
  attributesOf(element, ['Id'])
  const fields = new ElementCursor(element)
  const method = parseCanonicalization(algorithmOf(fields.one('ds:CanonicalizationMethod')))
  const algorithm = parseSignatureUri(algorithmOf(fields.one('ds:SignatureMethod')))
  const found = fields.all('ds:Reference').map((one) => readReference(one, form, propertiesUri))
  fields.end()
  const content = found.find(({ reference }) => reference.to === 'content')
  if (found.length !== 2 || !content || !found.some(({ reference }) => reference.to === 'properties')) {
    return refuse('reference', 'EN 319 132-1 4.4: the content and the signed properties', { count: found.length })
  }
  const contentId = content.id ?? refuse('reference', 'EN 319 132-1 5.2.4: Id of the reference')
  return { method, algorithm, contentId, references: found.map(({ reference }) => reference) }
}

function readReference(
  element: XmlElement,
  form: XadesParts['form'],
  propertiesUri: string,
): { readonly id: string | undefined; readonly reference: XadesReference } {
  const attributes = attributesOf(element, ['Id', 'Type', 'URI'])
  const fields = new ElementCursor(element)
  const transforms = readTransforms(fields.optional('ds:Transforms'))
  const hash = parseDigestUri(algorithmOf(fields.one('ds:DigestMethod')))
  const digest = decodeBase64(textOf(fields.one('ds:DigestValue')))
  fields.end()
  const [id, type, uri] = [attributes.get('Id'), attributes.get('Type'), attributes.get('URI')]
  if (uri === undefined) return refuse('reference', 'XML Signature 4.4.3: URI')
  if (type === SIGNED_PROPERTIES_TYPE) {
    if (uri !== propertiesUri) refuse('reference', 'EN 319 132-1 4.4: the signed properties of this signature', { uri })
    return { id, reference: { to: 'properties', uri, method: methodOf(transforms), hash, digest } }
  }
  if (type !== undefined) refuse('reference', 'XML Signature 4.4.3: Type', { type })
  return { id, reference: { to: 'content', uri, method: contentMethod(form, uri, transforms), hash, digest } }
}

/** Enveloped: the whole document without the signature, and nothing less. Detached: a file, octet by octet. */
function contentMethod(form: XadesParts['form'], uri: string, transforms: readonly string[]): Canonicalization {
  if ((uri === '') !== (form === 'enveloped') || uri.startsWith('#')) {
    refuse('reference', 'XML Signature 4.4.3.1: what is signed', { uri })
  }
  if (form === 'enveloped') {
    if (transforms[0] !== ENVELOPED) refuse('transform', 'XML Signature 6.6.4', { uri: transforms[0] ?? null })
    return methodOf(transforms.slice(1))
  }
  if (transforms.length > 0)
    refuse('transform', 'XML Signature 4.4.3.2: a file has none', { uri: transforms[0] ?? null })
  return 'exclusive'
}

/** None: Canonical XML 1.0 (XML Signature 4.4.3.2). More than one, or any that changes what is signed: refused. */
function methodOf(transforms: readonly string[]): Canonicalization {
  const [only, ...more] = transforms
  if (more.length > 0) refuse('transform', 'XML Signature 6.6: one canonicalization', { uri: more[0] ?? null })
  if (only === undefined) return 'inclusive'
  return parseTransform(only)
}

function parseTransform(uri: string): Canonicalization {
  try {
    return parseCanonicalization(uri)
  } catch {
    return refuse('transform', 'XML Signature 6.6', { uri })
  }
}

function readTransforms(element: XmlElement | null): string[] {
  if (!element) return []
  attributesOf(element, [])
  const fields = new ElementCursor(element)
  const found = fields.all('ds:Transform', 8)
  fields.end()
  return found.map((one) => {
    if (one.children.length > 0) refuse('transform', 'XML Signature 6.6: parameters of a transform')
    return algorithmOf(one)
  })
}

/** X509Data with certificates and nothing else: no bare key, no name to look up. */
function readKeyInfo(element: XmlElement): Uint8Array[] {
  attributesOf(element, ['Id'])
  const fields = new ElementCursor(element)
  const data = fields.one('ds:X509Data')
  fields.end()
  const inner = new ElementCursor(data)
  const found = inner.all('ds:X509Certificate')
  inner.end()
  return found.map((one) => {
    attributesOf(one, [])
    return decodeBase64(textOf(one))
  })
}
