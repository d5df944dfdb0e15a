import { toHex } from './bytes.ts'
import { refuse } from './pki-error.ts'

/** Tags of X.690 8.1.2 that PKI uses. All are single-octet; the long form is refused. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** Context tag `[n]`: primitive (implicit over a primitive type) or constructed (explicit, or implicit over a structure). */
export const contextTag = (n: number, constructed: boolean): number => (constructed ? 0xa0 : 0x80) | n

export const MAX_DER_BYTES = 32 * 1024 * 1024
export const MAX_DER_DEPTH = 32
const MAX_OID_OCTETS = 64

/** One element. `body` and `raw` are views into the input, not copies. */
export interface DerNode {
  readonly tag: number
  readonly body: Uint8Array
  readonly raw: Uint8Array
  readonly depth: number
}

const malformed = (what: string): never => refuse('malformed', `X.690 DER: ${what}`)

function nodeAt(bytes: Uint8Array, offset: number, depth: number): DerNode {
  if (depth > MAX_DER_DEPTH) refuse('too-large', 'nesting', { limit: MAX_DER_DEPTH })
  const tag = bytes[offset]
  const first = bytes[offset + 1]
  if (tag === undefined || first === undefined) return malformed('truncated header')
  if ((tag & 0x1f) === 0x1f) return malformed('long tag')
  let length = first
  let start = offset + 2
  if (first >= 0x80) {
    const octets = first & 0x7f
    if (octets === 0) return malformed('indefinite length (10.1)')
    if (octets > 4) return malformed('length of more than four octets')
    length = 0
    for (let i = 0; i < octets; i++) {
      const octet = bytes[start + i]
      if (octet === undefined) return malformed('truncated length')
      length = length * 256 + octet
    }
    if (length < 0x80 || length < 256 ** (octets - 1)) return malformed('length not minimal (10.1)')
    start += octets
  }
  const end = start + length
  if (end > bytes.length) return malformed('truncated value')
  return { tag, body: bytes.subarray(start, end), raw: bytes.subarray(offset, end), depth }
}

/** The one element that fills `bytes` exactly. Throws PkiError `malformed` or `too-large`, as all of this file. */
export function readDer(bytes: Uint8Array, limitBytes = MAX_DER_BYTES): DerNode {
  if (bytes.length > limitBytes) refuse('too-large', 'size', { limit: limitBytes })
  const node = nodeAt(bytes, 0, 0)
  if (node.raw.length !== bytes.length) malformed('trailing octets')
  return node
}

/** Reads the elements inside a constructed one, in order; `end` refuses what was not asked for. */
export class DerCursor {
  readonly #bytes: Uint8Array
  readonly #depth: number
  readonly #what: string
  #offset = 0
  constructor(node: DerNode, tag: number, what: string) {
    if (node.tag !== tag) malformed(`${what}: tag ${node.tag.toString(16)} instead of ${tag.toString(16)}`)
    this.#bytes = node.body
    this.#depth = node.depth + 1
    this.#what = what
  }
  get done(): boolean {
    return this.#offset >= this.#bytes.length
  }
  /** The tag that comes next, or null at the end. */
  peek(): number | null {
    return this.#bytes[this.#offset] ?? null
  }
  /** The next element, whatever its tag unless one is given. */
  next(tag?: number): DerNode {
    if (this.done) malformed(`${this.#what}: element missing`)
    const node = nodeAt(this.#bytes, this.#offset, this.#depth)
    if (tag !== undefined && node.tag !== tag) {
      malformed(`${this.#what}: tag ${node.tag.toString(16)} instead of ${tag.toString(16)}`)
    }
    this.#offset += node.raw.length
    return node
  }
  optional(tag: number): DerNode | null {
    return this.peek() === tag ? this.next() : null
  }
  end(): void {
    if (!this.done) malformed(`${this.#what}: unexpected element`)
  }
  /** All that is left, at most `limit` elements. */
  rest(limit: number): DerNode[] {
    const nodes: DerNode[] = []
    while (!this.done) {
      if (nodes.length >= limit) refuse('too-large', `${this.#what}: elements`, { limit })
      nodes.push(this.next())
    }
    return nodes
  }
}

export const sequence = (node: DerNode, what: string): DerCursor => new DerCursor(node, TAG.sequence, what)

function expectTag(node: DerNode, tag: number, what: string): void {
  if (node.tag !== tag) malformed(`${what}: tag ${node.tag.toString(16)} instead of ${tag.toString(16)}`)
}

/** TRUE is FF and FALSE is 00 (11.1). */
export function readBoolean(node: DerNode): boolean {
  expectTag(node, TAG.boolean, 'BOOLEAN')
  const [value] = node.body
  if (node.body.length !== 1 || (value !== 0 && value !== 0xff)) malformed('BOOLEAN (11.1)')
  return value === 0xff
}

/** Content octets of an INTEGER, minimal two's complement (8.3.2). */
export function readIntegerOctets(node: DerNode, tag: number = TAG.integer): Uint8Array {
  expectTag(node, tag, 'INTEGER')
  const [first, second] = node.body
  if (first === undefined) return malformed('empty INTEGER')
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    malformed('INTEGER not minimal (8.3.2)')
  }
  return node.body
}

/** A positive INTEGER as hex without leading zero octets. `maxOctets` counts the encoding (RFC 5280 4.1.2.2: 20). */
export function readPositiveHex(node: DerNode, maxOctets: number): string {
  const octets = readIntegerOctets(node)
  if (octets.length > maxOctets) refuse('too-large', 'INTEGER', { limit: maxOctets })
  if ((octets[0] ?? 0) >= 0x80 || octets.every((octet) => octet === 0)) malformed('INTEGER not positive')
  return toHex(octets[0] === 0 ? octets.subarray(1) : octets)
}

/** A non-negative INTEGER below 2^31. */
export function readSmallInteger(node: DerNode, tag: number = TAG.integer): number {
  const octets = readIntegerOctets(node, tag)
  if (octets.length > 4 || (octets[0] ?? 0) >= 0x80) malformed('INTEGER out of range')
  return octets.reduce((value, octet) => value * 256 + octet, 0)
}

/** A non-negative INTEGER of at most 20 octets (RFC 5280 5.2.3). */
export function readBigInteger(node: DerNode): bigint {
  const octets = readIntegerOctets(node)
  if (octets.length > 20 || (octets[0] ?? 0) >= 0x80) malformed('INTEGER out of range')
  return BigInt(`0x${toHex(octets)}`)
}

/** A BIT STRING of whole octets. */
export function readBitOctets(node: DerNode): Uint8Array {
  const { unused, octets } = readBits(node)
  if (unused !== 0) malformed('BIT STRING with unused bits')
  return octets
}

export function readBits(node: DerNode): { readonly unused: number; readonly octets: Uint8Array } {
  expectTag(node, TAG.bitString, 'BIT STRING')
  const unused = node.body[0]
  const octets = node.body.subarray(1)
  if (unused === undefined || unused > 7 || (octets.length === 0 && unused > 0)) return malformed('BIT STRING')
  const last = octets.at(-1) ?? 0
  if ((last & ((1 << unused) - 1)) !== 0) malformed('BIT STRING: unused bits set (11.2.1)')
  return { unused, octets }
}

export function readOctets(node: DerNode): Uint8Array {
  expectTag(node, TAG.octetString, 'OCTET STRING')
  return node.body
}

export function readNull(node: DerNode): void {
  expectTag(node, TAG.null, 'NULL')
  if (node.body.length !== 0) malformed('NULL')
}

export function readOid(node: DerNode, tag: number = TAG.oid): string {
  expectTag(node, tag, 'OBJECT IDENTIFIER')
  const { body } = node
  if (body.length === 0 || body.length > MAX_OID_OCTETS || (body.at(-1) ?? 0) >= 0x80) malformed('OBJECT IDENTIFIER')
  const arcs: bigint[] = []
  let arc = 0n
  let fresh = true
  for (const octet of body) {
    if (fresh && octet === 0x80) malformed('OBJECT IDENTIFIER not minimal (8.19.2)')
    arc = (arc << 7n) | BigInt(octet & 0x7f)
    fresh = octet < 0x80
    if (fresh) {
      arcs.push(arc)
      arc = 0n
    }
  }
  const [joint = 0n, ...others] = arcs
  const top = joint < 40n ? 0n : joint < 80n ? 1n : 2n
  return [top, joint - top * 40n, ...others].join('.')
}
