import type { HashName } from '../pki/index.ts'
import { refuse } from './ades-error.ts'
import { hashState, type HashState } from './hash-state.ts'
import { isElement, XML_NAMESPACE, type XmlAttribute, type XmlElement } from './xml-node.ts'
import { compareText, escapeText, escapeValue } from './xml-text.ts'

/** `exclusive`: Exclusive XML Canonicalization 1.0; `inclusive`: Canonical XML 1.0 and 1.1. Without comments. */
export type Canonicalization = 'exclusive' | 'inclusive'

export interface CanonicalOptions {
  /** Left out with all that it holds: the enveloped signature (XML Signature 6.6.4). */
  readonly without?: XmlElement
}

/** Pieces are gathered, so that a digest is not fed word by word. */
const BATCH = 16_384

/**
 * Writes the canonical form of one element and what it holds, piece by piece. Of the inclusive methods only what 1.0 and
 * 1.1 have in common: an apex that would inherit an `xml:` attribute is refused with `canonicalization`.
 */
export function canonicalize(
  apex: XmlElement,
  method: Canonicalization,
  write: (piece: string) => void,
  { without }: CanonicalOptions = {},
): void {
  if (method === 'inclusive') verifyInheritsNothing(apex)
  let pending = ''
  const put = (piece: string): void => {
    pending += piece
    if (pending.length < BATCH) return
    write(pending)
    pending = ''
  }
  const writeElement = (element: XmlElement, above: ReadonlyMap<string, string>): void => {
    const name = element.prefix === '' ? element.local : `${element.prefix}:${element.local}`
    const added = namespacesOf(element, method, element === apex, above)
    put(`<${name}`)
    for (const [prefix, uri] of added) put(` xmlns${prefix === '' ? '' : `:${prefix}`}="${escapeValue(uri)}"`)
    for (const { prefix, local, value } of sortedAttributes(element)) {
      put(` ${prefix === '' ? local : `${prefix}:${local}`}="${escapeValue(value)}"`)
    }
    put('>')
    const rendered = added.length === 0 ? above : new Map([...above, ...added])
    for (const child of element.children) {
      if (!isElement(child)) put(escapeText(child))
      else if (child !== without) writeElement(child, rendered)
    }
    put(`</${name}>`)
  }
  writeElement(apex, new Map())
  write(pending)
}

const sortedAttributes = ({ attributes }: XmlElement): readonly XmlAttribute[] =>
  attributes.length < 2 ? attributes : [...attributes].sort(byName)

const byName = (a: XmlAttribute, b: XmlAttribute): number =>
  compareText(a.namespace, b.namespace) || compareText(a.local, b.local)

const NONE: readonly [string, string][] = []

/** Namespaces to be written at this element, in order: in force here and not yet so in the output above. */
function namespacesOf(
  element: XmlElement,
  method: Canonicalization,
  isApex: boolean,
  above: ReadonlyMap<string, string>,
): readonly [string, string][] {
  const { prefix, namespace, attributes, declarations } = element
  const isNew = ([name, uri]: readonly [string, string]): boolean => (above.get(name) ?? '') !== uri
  const inOrder = (list: Iterable<[string, string]>) => [...list].filter(isNew).sort(([a], [b]) => compareText(a, b))
  if (method === 'inclusive') return inOrder(isApex ? inScope(element) : declarations)
  // Exclusive C14N 3: those visibly used, by the element and its attributes with a prefix; `xml` never.
  const prefixed = attributes.filter((one) => one.prefix !== '')
  if (prefixed.length === 0 && !isNew([prefix, namespace])) return NONE
  const used = new Map([[prefix, namespace], ...prefixed.map((one): [string, string] => [one.prefix, one.namespace])])
  used.delete('xml')
  return inOrder(used)
}

function inScope(element: XmlElement): Map<string, string> {
  const found = new Map<string, string>()
  for (let at: XmlElement | null = element; at; at = at.parent) {
    for (const [prefix, uri] of at.declarations) if (!found.has(prefix)) found.set(prefix, uri)
  }
  return found
}

function verifyInheritsNothing(apex: XmlElement): void {
  for (let at = apex.parent; at; at = at.parent) {
    if (at.attributes.some(({ namespace }) => namespace === XML_NAMESPACE)) {
      refuse('canonicalization', 'Canonical XML 1.0 2.4, 1.1 2.4: inherited xml: attributes', { element: at.local })
    }
  }
}

/** Feeds the canonical form to a digest under way. */
export const digestCanonical = (
  state: HashState,
  apex: XmlElement,
  method: Canonicalization,
  options: CanonicalOptions = {},
): void => canonicalize(apex, method, (piece) => state.update(piece), options)

export function canonicalDigest(
  hash: HashName,
  apex: XmlElement,
  method: Canonicalization,
  options: CanonicalOptions = {},
): Uint8Array {
  const state = hashState(hash)
  digestCanonical(state, apex, method, options)
  return state.digest()
}

/** The canonical form as bytes, for what is small: what is signed. */
export function canonicalBytes(apex: XmlElement, method: Canonicalization): Uint8Array {
  let text = ''
  canonicalize(apex, method, (piece) => {
    text += piece
  })
  return new TextEncoder().encode(text)
}
