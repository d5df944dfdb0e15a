import { refuse } from './ades-error.ts'

const START =
  'A-Z_a-z\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F' +
  '\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}'

/** NCName (Namespaces in XML 3), as the source of a regular expression with the flag `u`. */
export const NAME = `[${START}][${START}\\-.0-9\\u00B7\\u0300-\\u036F\\u203F\\u2040]*`

const NC_NAME = new RegExp(`^${NAME}$`, 'u')

/** Is it a name without colon, as names of elements and Ids are? */
export const isName = (text: string): boolean => text.length <= 256 && NC_NAME.test(text)

/** Anything but Char (XML 1.0 2.2), unpaired surrogates included. */
export const ILLEGAL_CHARACTER = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u

const FIVE: ReadonlyMap<string, string> = new Map(Object.entries({ lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }))
const REFERENCE = /&(?:(#x[0-9A-Fa-f]{1,6}|#[0-9]{1,7}|[^\s;&<]{1,64});)?/g

/** XML 1.0 4.1, 4.6: the five, and characters by number. Throws AdesError `xml-entity`, `xml-character`. */
export function decodeReferences(raw: string): string {
  if (!raw.includes('&')) return raw
  return raw.replace(REFERENCE, (_, name: string | undefined) => {
    if (name === undefined) return refuse('xml-malformed', 'XML 1.0 4.1: &')
    if (!name.startsWith('#')) return FIVE.get(name) ?? refuse('xml-entity', 'XML 1.0 4.1: only the five')
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10)
    const character = code <= 0x10_ff_ff ? String.fromCodePoint(code) : '\0'
    return ILLEGAL_CHARACTER.test(character) ? refuse('xml-character', 'XML 1.0 4.1: character reference') : character
  })
}

const TEXT: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' }
const VALUE: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
}

/** Canonical XML 1.0 2.3, text nodes. */
export const escapeText = (text: string): string =>
  /[&<>\r]/.test(text) ? text.replace(/[&<>\r]/g, (one) => TEXT[one] ?? one) : text

/** Canonical XML 1.0 2.3, attribute nodes. */
export const escapeValue = (text: string): string =>
  /[&<"\t\n\r]/.test(text) ? text.replace(/[&<"\t\n\r]/g, (one) => VALUE[one] ?? one) : text

/** Text that XML can hold at all, escaped. Throws AdesError `xml-character`. */
export function writeText(text: string): string {
  if (ILLEGAL_CHARACTER.test(text)) refuse('xml-character', 'XML 1.0 2.2')
  return escapeText(text)
}

/** The same for the value of an attribute. */
export function writeValue(text: string): string {
  if (ILLEGAL_CHARACTER.test(text)) refuse('xml-character', 'XML 1.0 2.2')
  return escapeValue(text)
}

/** By code points, not by UTF-16 units: the order of Canonical XML 1.0 2.2. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  const [left, right] = [Array.from(a), Array.from(b)]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
