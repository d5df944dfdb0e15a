import { readBoolean, readDer, readOctets, readOid, sequence, type DerCursor, type DerNode } from './der-read.ts'
import { writeBoolean, writeOctets, writeOid, writeSequence } from './der-write.ts'
import { refuse } from './pki-error.ts'

export interface Extension {
  readonly oid: string
  readonly critical: boolean
  /** What the OCTET STRING holds. */
  readonly value: Uint8Array
}

const MAX_EXTENSIONS = 64

/** Extensions by OID (RFC 5280 4.1.2.9). The same one twice is refused: two readers could each pick another. */
export const parseExtensions = (node: DerNode): ReadonlyMap<string, Extension> =>
  parseExtensionItems(sequence(node, 'Extensions'))

/** The same under an implicit tag, the cursor already inside. */
export function parseExtensionItems(list: DerCursor): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>()
  const items = list.rest(MAX_EXTENSIONS)
  if (items.length === 0) refuse('malformed', 'RFC 5280 4.1: Extensions SIZE (1..MAX)')
  for (const item of items) {
    const fields = sequence(item, 'Extension')
    const oid = readOid(fields.next())
    const flag = fields.optional(0x01)
    const critical = flag !== null && readBoolean(flag)
    if (flag !== null && !critical) refuse('malformed', 'X.690 11.5: DEFAULT FALSE encoded')
    const value = readOctets(fields.next())
    fields.end()
    if (found.has(oid)) refuse('malformed', 'RFC 5280 4.2: extension twice', { oid })
    found.set(oid, { oid, critical, value })
  }
  return found
}

/** Reads one extension's value as a SEQUENCE with `read`, or gives null where it is absent. */
export function readExtension<T>(
  extensions: ReadonlyMap<string, Extension>,
  oid: string,
  read: (fields: DerCursor) => T,
): T | null {
  const extension = extensions.get(oid)
  if (!extension) return null
  const fields = sequence(readDer(extension.value), oid)
  const value = read(fields)
  fields.end()
  return value
}

export const writeExtension = (oid: string, critical: boolean, value: Uint8Array): Uint8Array =>
  writeSequence(writeOid(oid), ...(critical ? [writeBoolean(true)] : []), writeOctets(value))
