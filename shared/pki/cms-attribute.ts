import { compareBytes } from './bytes.ts'
import { DerCursor, readDer, readOid, sequence, TAG, type DerNode } from './der-read.ts'
import { refuse } from './pki-error.ts'
import type { SignedAttribute } from './cms-types.ts'

const MAX_ATTRIBUTES = 32

/**
 * Attributes with one value each (RFC 5652 11; ETSI EN 319 122-1 5.1), sorted, none twice: two readers of a doubled
 * attribute could each believe another digest or another signer.
 */
export function readAttributes(node: DerNode, tag: number): readonly SignedAttribute[] {
  const seen = new Set<string>()
  let previous: Uint8Array | null = null
  return new DerCursor(node, tag, 'SignedAttributes').rest(MAX_ATTRIBUTES).map((item) => {
    if (previous && compareBytes(previous, item.raw) > 0) refuse('unsorted-attributes', 'RFC 5652 5.3: DER')
    previous = item.raw
    const fields = sequence(item, 'Attribute')
    const oid = readOid(fields.next())
    const values = new DerCursor(fields.next(), TAG.set, 'AttributeValues')
    fields.end()
    if (seen.has(oid)) refuse('duplicate-attribute', 'RFC 5652 5.3', { oid })
    seen.add(oid)
    const value = values.next().raw
    if (!values.done) refuse('duplicate-attribute', 'RFC 5652 11: one value', { oid })
    return { oid, value }
  })
}

/** An attribute's value, or `missing-attribute`. */
export function requiredAttribute(attributes: readonly SignedAttribute[], oid: string, clause: string): DerNode {
  return optionalAttribute(attributes, oid) ?? refuse('missing-attribute', clause, { oid })
}

export function optionalAttribute(attributes: readonly SignedAttribute[], oid: string): DerNode | null {
  const found = attributes.find((attribute) => attribute.oid === oid)
  return found ? readDer(found.value) : null
}
