import { refuse } from './ades-error.ts'
import { decodeReferences, ILLEGAL_CHARACTER, NAME } from './xml-text.ts'
import { readDeclarations, resolveNames, type RawAttribute } from './xml-namespace.ts'
import type { XmlDocument, XmlElement, XmlNode } from './xml-node.ts'

/** Bounds on what is read; beyond them `xml-too-large`. */
export interface XmlLimits {
  readonly maxBytes: number
  readonly maxDepth: number
  readonly maxElements: number
  readonly maxAttributes: number
}

export const XML_LIMITS: XmlLimits = {
  maxBytes: 50 * 1024 * 1024,
  maxDepth: 64,
  maxElements: 2_000_000,
  maxAttributes: 64,
}

const DECLARATION =
  /<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(?:"1\.0"|'1\.0')(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"[uU][tT][fF]-8"|'[uU][tT][fF]-8'))?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>/y
const SPACE = /[ \t\n]*/y
const START = new RegExp(`<(?:(${NAME}):)?(${NAME})`, 'uy')
const ATTRIBUTE = new RegExp(`[ \\t\\n]+(?:(${NAME}):)?(${NAME})[ \\t\\n]*=[ \\t\\n]*(?:"([^<"]*)"|'([^<']*)')`, 'uy')
const START_END = /[ \t\n]*(\/?)>/y
const END = new RegExp(`</((?:${NAME}:)?${NAME})[ \\t\\n]*>`, 'uy')

interface OpenElement extends XmlElement {
  readonly children: XmlNode[]
  endTagAt: number | null
}

/**
 * Reads a whole document: XML 1.0 in UTF-8 with namespaces, and of that only what signatures and exports need. Refused,
 * each with its own reason: document types (and with them every entity but the five), processing instructions,
 * comments (a canonical form without them would let anyone put one in), anything beyond `limits`. Throws AdesError only,
 * whatever the bytes.
 */
export function readXml(bytes: Uint8Array, limits: XmlLimits = XML_LIMITS): XmlDocument {
  if (bytes.length > limits.maxBytes) refuse('xml-too-large', 'size of an XML document', { limit: limits.maxBytes })
  return new Reader(decodeUtf8(bytes).replace(/\r\n?/g, '\n'), limits).read()
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return refuse('xml-encoding', 'XML 1.0 4.3.3: UTF-8')
  }
}

class Reader {
  readonly #text: string
  readonly #limits: XmlLimits
  readonly #open: OpenElement[] = []
  #at = 0
  #elements = 0
  #root: OpenElement | null = null

  constructor(text: string, limits: XmlLimits) {
    this.#text = text
    this.#limits = limits
  }

  read(): XmlDocument {
    if (ILLEGAL_CHARACTER.test(this.#text)) refuse('xml-character', 'XML 1.0 2.2')
    this.#match(DECLARATION)
    this.#match(SPACE)
    while (this.#at < this.#text.length) {
      const parent = this.#open.at(-1)
      if (!parent && this.#root) this.#afterRoot()
      else if (this.#text[this.#at] !== '<') this.#readText(parent)
      else this.#readMarkup(parent)
    }
    if (!this.#root || this.#open.length > 0) return refuse('xml-malformed', 'XML 1.0 2.1: unfinished document')
    return { text: this.#text, root: this.#root }
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found) this.#at += found[0].length
    return found
  }

  #afterRoot(): void {
    this.#match(SPACE)
    if (this.#at < this.#text.length) {
      this.#refuseMarkup()
      refuse('xml-malformed', 'XML 1.0 2.1: one root element')
    }
  }

  #readText(parent: OpenElement | undefined): void {
    if (!parent) return refuse('xml-malformed', 'XML 1.0 2.8: text outside of the root')
    const found = this.#text.indexOf('<', this.#at)
    const end = found < 0 ? this.#text.length : found
    const raw = this.#text.slice(this.#at, end)
    if (raw.includes(']]>')) refuse('xml-malformed', 'XML 1.0 2.4: ]]>')
    append(parent, decodeReferences(raw))
    this.#at = end
  }

  #readMarkup(parent: OpenElement | undefined): void {
    if (this.#text.startsWith('</', this.#at)) this.#readEnd()
    else if (parent && this.#text.startsWith('<![CDATA[', this.#at)) this.#readCharacterData(parent)
    else {
      this.#refuseMarkup()
      this.#readStart(parent ?? null)
    }
  }

  #refuseMarkup(): void {
    const here = (token: string): boolean => this.#text.startsWith(token, this.#at)
    if (here('<!--')) refuse('xml-comment', 'Canonical XML 2.3: comments are left out, so they are not signed')
    if (here('<!DOCTYPE')) refuse('xml-doctype', 'XML 1.0 2.8: no document type')
    if (here('<?')) refuse('xml-processing-instruction', 'XML 1.0 2.6: none here')
  }

  #readCharacterData(parent: OpenElement): void {
    const start = this.#at + '<![CDATA['.length
    const end = this.#text.indexOf(']]>', start)
    if (end < 0) refuse('xml-malformed', 'XML 1.0 2.7: CDATA')
    append(parent, this.#text.slice(start, end))
    this.#at = end + 3
  }

  #readEnd(): void {
    const at = this.#at
    const found = this.#match(END)
    const element = this.#open.pop()
    if (!found || !element || found[1] !== qualified(element)) return refuse('xml-malformed', 'XML 1.0 3.1: end tag')
    element.endTagAt = at
  }

  #readStart(parent: OpenElement | null): void {
    const found = this.#match(START)
    if (!found) return refuse('xml-malformed', 'XML 1.0 3.1: start tag')
    const { maxDepth, maxElements } = this.#limits
    this.#elements += 1
    if (this.#open.length >= maxDepth) refuse('xml-too-large', 'depth of an XML document', { limit: maxDepth })
    if (this.#elements > maxElements) refuse('xml-too-large', 'elements of an XML document', { limit: maxElements })
    const raw = this.#readAttributes()
    const end = this.#match(START_END)
    if (!end) return refuse('xml-malformed', 'XML 1.0 3.1: start tag')
    const declarations = readDeclarations(raw)
    const names = resolveNames({ prefix: found[1] ?? '', local: found[2] ?? '' }, raw, declarations, parent)
    const element: OpenElement = { ...names, declarations, parent, children: [], endTagAt: null }
    if (parent) parent.children.push(element)
    else this.#root = element
    if (end[1] === '') this.#open.push(element)
  }

  #readAttributes(): RawAttribute[] {
    const raw: RawAttribute[] = []
    for (let found = this.#match(ATTRIBUTE); found; found = this.#match(ATTRIBUTE)) {
      const [, prefix = '', local = '', double, single = ''] = found
      // XML 1.0 3.3.3: written white space becomes a space, referenced white space stays.
      raw.push({ prefix, local, value: decodeReferences((double ?? single).replace(/[\t\n]/g, ' ')) })
      if (raw.length > this.#limits.maxAttributes) {
        refuse('xml-too-large', 'attributes of an element', { limit: this.#limits.maxAttributes })
      }
    }
    return raw
  }
}

const qualified = ({ prefix, local }: XmlElement): string => (prefix === '' ? local : `${prefix}:${local}`)

function append(parent: OpenElement, text: string): void {
  const { children } = parent
  const last = children.at(-1)
  if (typeof last === 'string') children[children.length - 1] = last + text
  else if (text !== '') children.push(text)
}
