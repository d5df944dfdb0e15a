import { refuse } from './ades-error.ts'

/** Shapes of an XML document as read. Text is a plain string; neighbouring text and CDATA are one. */
export type XmlNode = XmlElement | string

export interface XmlAttribute {
  readonly prefix: string
  readonly local: string
  /** Empty where the attribute has no prefix. */
  readonly namespace: string
  readonly value: string
}

export interface XmlElement {
  readonly prefix: string
  readonly local: string
  readonly namespace: string
  /** In document order, without namespace declarations. */
  readonly attributes: readonly XmlAttribute[]
  /** Declared on this element: prefix (empty for the default namespace) to URI. */
  readonly declarations: ReadonlyMap<string, string>
  readonly children: readonly XmlNode[]
  readonly parent: XmlElement | null
  /** Where its end tag begins in `XmlDocument.text`; null for `<a/>`. */
  readonly endTagAt: number | null
}

export interface XmlDocument {
  /** What was read, decoded, line ends normalised (XML 1.0 2.11), without a byte order mark. */
  readonly text: string
  readonly root: XmlElement
}

export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace'

/** The URI bound to a prefix here; empty where nothing is (Namespaces in XML 6.1). */
export function namespaceAt(element: XmlElement | null, prefix: string): string {
  if (prefix === 'xml') return XML_NAMESPACE
  for (let at = element; at; at = at.parent) {
    const uri = at.declarations.get(prefix)
    if (uri !== undefined) return uri
  }
  return ''
}

export const isElement = (node: XmlNode): node is XmlElement => typeof node !== 'string'

export const isNamed = (element: XmlElement, namespace: string, local: string): boolean =>
  element.namespace === namespace && element.local === local

/** The element and all elements below it, in document order. */
export function* elementsOf(element: XmlElement): Generator<XmlElement> {
  yield element
  for (const child of element.children) if (isElement(child)) yield* elementsOf(child)
}

/** Child elements; between them nothing but white space may stand. */
export function childElements(element: XmlElement): XmlElement[] {
  for (const child of element.children) {
    if (typeof child === 'string' && /[^ \t\n\r]/.test(child)) {
      refuse('shape', 'XML Signature 4: text between elements', { element: element.local })
    }
  }
  return element.children.filter(isElement)
}

/** Text of an element that holds nothing else. */
export function textOf(element: XmlElement): string {
  const [first, ...rest] = element.children
  if (rest.length > 0 || (first !== undefined && typeof first !== 'string')) {
    return refuse('shape', 'XML Signature 4: text only', { element: element.local })
  }
  return first ?? ''
}

/** Attributes without namespace by name; any that is not among `allowed` is refused, or it might mean something. */
export function attributesOf(element: XmlElement, allowed: readonly string[]): ReadonlyMap<string, string> {
  for (const { local, namespace } of element.attributes) {
    if (namespace !== '' || !allowed.includes(local)) {
      refuse('shape', 'XML Signature 4: attribute', { element: element.local, attribute: local })
    }
  }
  return new Map(element.attributes.map(({ local, value }) => [local, value]))
}
