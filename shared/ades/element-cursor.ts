import { refuse } from './ades-error.ts'
import { NAMESPACES } from './algorithms.ts'
import { childElements, isNamed, type XmlElement } from './xml-node.ts'

/** `ds:SignedInfo`, `xades:MimeType`: by namespace, whatever prefix the document uses. */
export type ElementName = `${keyof typeof NAMESPACES}:${string}`

/** Is the element the one of that name? */
export function isCalled(element: XmlElement, name: ElementName): boolean {
  const [prefix, local = ''] = name.split(':')
  return isNamed(element, NAMESPACES[prefix as keyof typeof NAMESPACES], local)
}

/**
 * Child elements in the order that the schema gives them. What is not asked for is refused by `end`, so that nothing is
 * passed over which another reader might heed. Throws AdesError `shape`.
 */
export class ElementCursor {
  readonly #parent: XmlElement
  readonly #children: readonly XmlElement[]
  #at = 0

  constructor(parent: XmlElement) {
    this.#parent = parent
    this.#children = childElements(parent)
  }

  one(name: ElementName): XmlElement {
    return this.optional(name) ?? refuse('shape', 'XML Signature 4; EN 319 132-1 4', { wanted: name })
  }

  optional(name: ElementName): XmlElement | null {
    const next = this.#children[this.#at]
    if (!next || !isCalled(next, name)) return null
    this.#at += 1
    return next
  }

  /** As many as follow. */
  all(name: ElementName, max = 64): XmlElement[] {
    const found: XmlElement[] = []
    for (let next = this.optional(name); next; next = this.optional(name)) found.push(next)
    if (found.length > max) refuse('xml-too-large', 'elements of one name', { name, limit: max })
    return found
  }

  end(): void {
    const next = this.#children[this.#at]
    if (next) refuse('shape', 'XML Signature 4; EN 319 132-1 4', { parent: this.#parent.local, found: next.local })
  }
}

/** `Algorithm` of an element that has nothing else. Throws AdesError `shape`. */
export function algorithmOf(element: XmlElement): string {
  new ElementCursor(element).end()
  return attributesOfAlgorithm(element)
}

function attributesOfAlgorithm({ attributes, children, local }: XmlElement): string {
  const [only, ...more] = attributes
  if (!only || more.length > 0 || only.local !== 'Algorithm' || only.namespace !== '' || children.length > 0) {
    return refuse('shape', 'XML Signature 4.4: Algorithm', { element: local })
  }
  return only.value
}
