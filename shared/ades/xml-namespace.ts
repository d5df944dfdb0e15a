import { refuse } from './ades-error.ts'
import { namespaceAt, XML_NAMESPACE, type XmlAttribute, type XmlElement } from './xml-node.ts'

const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/'

export interface RawAttribute {
  readonly prefix: string
  readonly local: string
  readonly value: string
}

const isDefault = ({ prefix, local }: RawAttribute): boolean => prefix === '' && local === 'xmlns'
const isDeclaration = (one: RawAttribute): boolean => one.prefix === 'xmlns' || isDefault(one)

/** Most elements declare nothing: one for all of them. */
const NO_DECLARATIONS: ReadonlyMap<string, string> = new Map()
const NO_ATTRIBUTES: readonly XmlAttribute[] = []

/** Namespaces in XML 3, 6.3; relative URIs are refused as Canonical XML 1.0 1.3 asks. */
export function readDeclarations(raw: readonly RawAttribute[]): ReadonlyMap<string, string> {
  if (!raw.some(isDeclaration)) return NO_DECLARATIONS
  const declarations = new Map<string, string>()
  for (const one of raw) {
    if (!isDeclaration(one)) continue
    const prefix = isDefault(one) ? '' : one.local
    if (declarations.has(prefix)) refuse('xml-malformed', 'XML 1.0 3.1: attribute twice')
    verifyBinding(prefix, one.value)
    if (prefix !== 'xml') declarations.set(prefix, one.value)
  }
  return declarations
}

function verifyBinding(prefix: string, uri: string): void {
  const isReserved = prefix === 'xmlns' || uri === XMLNS_NAMESPACE || (prefix === 'xml') !== (uri === XML_NAMESPACE)
  if (isReserved) refuse('xml-namespace', 'Namespaces in XML 3: xml, xmlns')
  if (uri === '' && prefix !== '') refuse('xml-namespace', 'Namespaces in XML 2.2: prefix without a name', { prefix })
  if (uri !== '' && !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(uri)) {
    refuse('xml-namespace', 'Canonical XML 1.0 1.3: relative namespace', { prefix })
  }
}

interface Names {
  readonly prefix: string
  readonly local: string
  readonly namespace: string
  readonly attributes: readonly XmlAttribute[]
}

/** Expanded names of an element and its attributes; none of these twice (Namespaces in XML 6.3). */
export function resolveNames(
  { prefix, local }: { readonly prefix: string; readonly local: string },
  raw: readonly RawAttribute[],
  declarations: ReadonlyMap<string, string>,
  parent: XmlElement | null,
): Names {
  const uriOf = (name: string): string => {
    const uri = name === 'xmlns' ? '' : (declarations.get(name) ?? namespaceAt(parent, name))
    return uri === '' && name !== '' ? refuse('xml-namespace', 'Namespaces in XML 5: unbound', { prefix: name }) : uri
  }
  const namespace = uriOf(prefix)
  if (raw.length === 0) return { prefix, local, namespace, attributes: NO_ATTRIBUTES }
  const seen = new Set<string>()
  const attributes: XmlAttribute[] = []
  for (const one of raw) {
    if (isDeclaration(one)) continue
    const namespace = one.prefix === '' ? '' : uriOf(one.prefix)
    const key = `${namespace} ${one.local}`
    if (seen.has(key)) refuse('xml-malformed', 'Namespaces in XML 6.3: attribute twice')
    seen.add(key)
    attributes.push({ ...one, namespace })
  }
  return { prefix, local, namespace, attributes }
}
