import { TAG, type DerNode } from './der-read.ts'
import { refuse } from './pki-error.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(node: DerNode): string {
  switch (node.tag) {
    case TAG.utf8String:
      try {
        return utf8.decode(node.body)
      } catch {
        return refuse('malformed', 'X.690: UTF8String')
      }
    case TAG.printableString:
    case TAG.ia5String:
      if (node.body.some((octet) => octet >= 0x80)) refuse('malformed', 'X.690: ASCII string')
      return String.fromCharCode(...node.body)
    case TAG.t61String:
      return String.fromCharCode(...node.body)
    case TAG.bmpString:
      if (node.body.length % 2 !== 0) refuse('malformed', 'X.690: BMPString')
      return utf16(node.body)
    default:
      return refuse('malformed', 'RFC 5280 4.1.2.4: DirectoryString', { tag: node.tag })
  }
}

function utf16(body: Uint8Array): string {
  let text = ''
  for (let i = 0; i < body.length; i += 2) text += String.fromCharCode(((body[i] ?? 0) << 8) | (body[i + 1] ?? 0))
  return text
}

const MAX_TEXT_OCTETS = 4096

/** Any string type of a name. A NUL inside would let `good.example\0.evil.example` pass as the first part: refused. */
export function readText(node: DerNode): string {
  if (node.body.length > MAX_TEXT_OCTETS) refuse('too-large', 'text', { limit: MAX_TEXT_OCTETS })
  const text = decode(node)
  if (text.includes('\0')) refuse('malformed', 'text with a NUL')
  return text
}

/** The same for an implicitly tagged IA5String (GeneralName). */
export const readIa5 = (node: DerNode): string => readText({ ...node, tag: TAG.ia5String })

const UTC = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/
const GENERALIZED = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/

/** UTCTime or GeneralizedTime; seconds present, Z. Both are read for any year, as RFC 5280 4.1.2.5 demands of readers. */
export function readTime(node: DerNode): Date {
  const text = String.fromCharCode(...node.body.subarray(0, 20))
  const parts = (node.tag === TAG.utcTime ? UTC : node.tag === TAG.generalizedTime ? GENERALIZED : null)?.exec(text)
  if (!parts || node.body.length > 15) return refuse('malformed', 'RFC 5280 4.1.2.5: Time')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  const full = node.tag === TAG.utcTime ? (year >= 50 ? 1900 + year : 2000 + year) : year
  const time = new Date(0)
  time.setUTCFullYear(full, month - 1, day)
  time.setUTCHours(hour, minute, second)
  const kept = time.getUTCMonth() === month - 1 && time.getUTCDate() === day
  if (!kept || hour > 23 || minute > 59 || second > 59) refuse('malformed', 'RFC 5280 4.1.2.5: Time')
  return time
}
