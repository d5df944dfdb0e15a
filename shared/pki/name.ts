import { toHex } from './bytes.ts'
import { DerCursor, readDer, readOid, sequence, TAG } from './der-read.ts'
import { readText } from './der-text.ts'
import { writeIa5, writeOid, writePrintable, writeSequence, writeSetOf, writeUtf8 } from './der-write.ts'
import { comparableText } from './name-text.ts'
import { refuse } from './pki-error.ts'
import type { Name, NameAttribute, NameAttributeType } from './types.ts'

/** Types, their OIDs, the string they are written as, and the most characters allowed (RFC 5280 A.1, upper bounds). */
const ATTRIBUTES: Readonly<
  Record<
    NameAttributeType,
    { readonly oid: string; readonly write: (text: string) => Uint8Array; readonly max: number }
  >
> = {
  CN: { oid: '2.5.4.3', write: writeUtf8, max: 64 },
  SN: { oid: '2.5.4.4', write: writeUtf8, max: 64 },
  serialNumber: { oid: '2.5.4.5', write: writePrintable, max: 64 },
  C: { oid: '2.5.4.6', write: writePrintable, max: 2 },
  L: { oid: '2.5.4.7', write: writeUtf8, max: 128 },
  ST: { oid: '2.5.4.8', write: writeUtf8, max: 128 },
  O: { oid: '2.5.4.10', write: writeUtf8, max: 64 },
  OU: { oid: '2.5.4.11', write: writeUtf8, max: 64 },
  title: { oid: '2.5.4.12', write: writeUtf8, max: 64 },
  givenName: { oid: '2.5.4.42', write: writeUtf8, max: 64 },
  organizationIdentifier: { oid: '2.5.4.97', write: writeUtf8, max: 64 },
  UID: { oid: '0.9.2342.19200300.100.1.1', write: writeUtf8, max: 256 },
  DC: { oid: '0.9.2342.19200300.100.1.25', write: writeIa5, max: 63 },
  emailAddress: { oid: '1.2.840.113549.1.9.1', write: writeIa5, max: 255 },
}
const TYPE_OF = new Map(Object.entries(ATTRIBUTES).map(([type, { oid }]) => [oid, type]))
const MAX_RDNS = 32

/**
 * DER of a name, one attribute per RDN in the order given (RFC 5280 4.1.2.4; C and serialNumber as PrintableString,
 * DC and emailAddress as IA5String, the rest as UTF8String). Throws PkiError `invalid-input`.
 */
export function encodeName(attributes: readonly NameAttribute[]): Uint8Array {
  return writeSequence(
    ...attributes.map(({ type, value }) => {
      const { oid, write, max } = ATTRIBUTES[type]
      // Control characters could rearrange what people read on a screen or a printed record.
      if (value.length === 0 || value.length > max || /\p{Cc}/u.test(value)) {
        refuse('invalid-input', 'RFC 5280 A.1: name attribute', { type, max })
      }
      if (type === 'C' && !/^[A-Z]{2}$/.test(value)) refuse('invalid-input', 'RFC 5280 A.1: country', { type })
      return writeSetOf(writeSequence(writeOid(oid), write(value)))
    }),
  )
}

/** Throws PkiError `malformed`, `too-large`. */
export function parseName(der: Uint8Array): Name {
  const rdns = sequence(readDer(der, 65536), 'Name').rest(MAX_RDNS)
  const groups = rdns.map((rdn) => {
    const attributes = new DerCursor(rdn, TAG.set, 'RelativeDistinguishedName').rest(MAX_RDNS)
    if (attributes.length === 0) refuse('malformed', 'RFC 5280 4.1.2.4: empty RDN')
    return attributes.map((attribute) => {
      const fields = sequence(attribute, 'AttributeTypeAndValue')
      const oid = readOid(fields.next())
      const node = fields.next()
      const value = readText(node)
      fields.end()
      return {
        type: TYPE_OF.get(oid) ?? oid,
        value,
        comparable: `${oid}=${comparableText(value) ?? `#${toHex(node.raw)}`}`,
      }
    })
  })
  const attributes = groups.flat().map(({ type, value }) => ({ type, value }))
  // The last one is the most specific; a second CN before it must not win.
  const last = (type: NameAttributeType) => attributes.findLast((attribute) => attribute.type === type)?.value ?? null
  return {
    der,
    attributes,
    // Values hold no NUL, so no two different sets of attributes give the same text.
    canonical: groups.map((group) =>
      group
        .map(({ comparable }) => comparable)
        .sort()
        .join('\0'),
    ),
    text: [...groups].reverse().map(rdnText).join(','),
    commonName: last('CN'),
    serialNumber: last('serialNumber'),
    email: last('emailAddress'),
  }
}

/** Names that match (RFC 5280 7.1): the same RDNs in the same order, whatever the string type, case and spaces. */
export const isSameName = (a: Name, b: Name): boolean => a.canonical.length === b.canonical.length && isWithinName(a, b)

/** Does `name` begin with all RDNs of `subtree` (RFC 5280 4.2.1.10 and 7.1)? */
export const isWithinName = (name: Name, subtree: Name): boolean =>
  subtree.canonical.every((rdn, i) => rdn === name.canonical[i])

const rdnText = (group: readonly { readonly type: string; readonly value: string }[]): string =>
  group.map(({ type, value }) => `${type}=${escapeValue(value)}`).join('+')

/** RFC 4514 2.4. */
function escapeValue(value: string): string {
  return value
    .replace(/[\\"+,;<>]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
}
