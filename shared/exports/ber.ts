import { concatBytes } from '../pki/bytes.ts'
import { readDer, TAG } from '../pki/der-read.ts'
import { tlv } from '../pki/der-write.ts'
import { PkiError } from '../pki/index.ts'

const MAX_DEPTH = 32
/** In the whole of it; a revocation list that a signature carries has three for each certificate. */
const MAX_ITEMS = 250_000
const malformed = (): PkiError => new PkiError('malformed', 'X.690 8.1')

/** What one parse has left. */
interface Budget {
  items: number
}

interface Head {
  readonly tag: number
  /** Null: indefinite (X.690 8.1.3.6). */
  readonly length: number | null
  readonly start: number
}

const headAt = (bytes: Uint8Array, at: number): Head => {
  const tag = bytes[at] ?? 0
  const first = bytes[at + 1]
  if (first === undefined || (tag & 0x1f) === 0x1f) throw malformed()
  if (first === 0x80) return { tag, length: null, start: at + 2 }
  if (first < 0x80) return { tag, length: first, start: at + 2 }
  const count = first & 0x7f
  if (count > 4) throw malformed()
  let length = 0
  for (let place = 0; place < count; place += 1) length = length * 256 + (bytes[at + 2 + place] ?? 0)
  return { tag, length, start: at + 2 + count }
}

interface Taken {
  readonly der: Uint8Array
  readonly end: number
}

const pieceOf = (der: Uint8Array): Uint8Array => {
  const { tag, body } = readDer(der)
  if (tag !== TAG.octetString) throw malformed()
  return body
}

/** The items of a constructed value, up to its end or its end-of-contents octets. */
const itemsFrom = (bytes: Uint8Array, start: number, limit: number | null, depth: number, budget: Budget) => {
  const items: Uint8Array[] = []
  let at = start
  for (;;) {
    if (limit === null && bytes[at] === 0 && bytes[at + 1] === 0) return { items, end: at + 2 }
    if (limit !== null && at === limit) return { items, end: at }
    if (at >= (limit ?? bytes.length)) throw malformed()
    const { der, end } = take(bytes, at, depth + 1, budget)
    items.push(der)
    at = end
  }
}

const take = (bytes: Uint8Array, at: number, depth: number, budget: Budget): Taken => {
  if (depth > MAX_DEPTH) throw new PkiError('too-large', 'nested too deep')
  if (budget.items === 0) throw new PkiError('too-large', 'BER: items')
  budget.items -= 1
  const { tag, length, start } = headAt(bytes, at)
  const limit = length === null ? null : start + length
  if (limit !== null && limit > bytes.length) throw malformed()
  if ((tag & 0x20) === 0) {
    if (limit === null) throw malformed()
    return { der: tlv(tag, bytes.subarray(start, limit)), end: limit }
  }
  const { items, end } = itemsFrom(bytes, start, limit, depth, budget)
  // X.690 8.7.3: an octet string in pieces is one.
  if (tag === (TAG.octetString | 0x20)) return { der: tlv(TAG.octetString, concatBytes(items.map(pieceOf))), end }
  return { der: tlv(tag, concatBytes(items)), end }
}

/**
 * A value of BER, as OpenSSL and BouncyCastle stream CMS (RFC 5652 allows it around what is signed), with definite and
 * shortest lengths and octet strings in one piece. What is DER stays byte for byte, so nothing that is signed changes.
 * Throws PkiError `malformed`, `too-large`; takes no longer for what is made to take long.
 */
export const derOf = (ber: Uint8Array): Uint8Array => {
  const { der, end } = take(ber, 0, 0, { items: MAX_ITEMS })
  if (end !== ber.length) throw malformed()
  return der
}
