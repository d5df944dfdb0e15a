import { compareBytes, fromHex } from './bytes.ts'
import { contextTag, TAG } from './der-read.ts'
import { refuse } from './pki-error.ts'

/** Octets of the length itself (X.690 8.1.3). */
const lengthSize = (length: number): number => {
  let size = 1
  if (length >= 0x80) for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) size++
  return size
}

/** Tag and length, from `at`; gives the place behind them. */
function writeHead(out: Uint8Array, at: number, tag: number, length: number): number {
  const size = lengthSize(length)
  out[at] = tag
  out[at + 1] = size === 1 ? length : 0x80 | (size - 1)
  for (let place = at + size, rest = length; place > at + 1; place--, rest = Math.floor(rest / 256))
    out[place] = rest % 256
  return at + 1 + size
}

export function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(1 + lengthSize(length) + length)
  let at = writeHead(out, 0, tag, length)
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** An element that is not written yet: of many inside each other only the whole is, once. */
export interface DerTree {
  readonly tag: number
  readonly parts: readonly (Uint8Array | DerTree)[]
  /** Octets of the content. */
  readonly inside: number
  /** Octets with tag and length. */
  readonly length: number
}

export function derTree(tag: number, ...parts: readonly (Uint8Array | DerTree)[]): DerTree {
  let inside = 0
  for (const part of parts) inside += part.length
  return { tag, parts, inside, length: 1 + lengthSize(inside) + inside }
}

export function writeTree(tree: DerTree): Uint8Array {
  const out = new Uint8Array(tree.length)
  putTree(out, 0, tree)
  return out
}

function putTree(out: Uint8Array, from: number, { tag, parts, inside }: DerTree): number {
  let at = writeHead(out, from, tag, inside)
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      out.set(part, at)
      at += part.length
    } else at = putTree(out, at, part)
  }
  return at
}

export const writeSequence = (...parts: readonly Uint8Array[]): Uint8Array => tlv(TAG.sequence, ...parts)
/** SET OF: sorted (X.690 11.6). Some verifiers forgive another order, others do not. */
export const writeSetOf = (...parts: readonly Uint8Array[]): Uint8Array =>
  tlv(TAG.set, ...(parts.length < 2 ? parts : [...parts].sort(compareBytes)))
export const writeExplicit = (n: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  tlv(contextTag(n, true), ...parts)
export const writeContext = (n: number, body: Uint8Array): Uint8Array => tlv(contextTag(n, false), body)
export const writeOctets = (body: Uint8Array): Uint8Array => tlv(TAG.octetString, body)
export const writeNull = (): Uint8Array => tlv(TAG.null)
export const writeBoolean = (value: boolean): Uint8Array => tlv(TAG.boolean, Uint8Array.of(value ? 0xff : 0))
export const writeBitOctets = (body: Uint8Array): Uint8Array => tlv(TAG.bitString, Uint8Array.of(0), body)

/** A non-negative INTEGER (or ENUMERATED). */
export function writeInteger(value: number | bigint, tag: number = TAG.integer): Uint8Array {
  if (value < 0) refuse('invalid-input', 'negative INTEGER')
  const hex = value.toString(16)
  return writeUnsigned(fromHex(hex.length % 2 === 0 ? hex : `0${hex}`), tag)
}

/** Big-endian magnitude as a non-negative INTEGER. */
export function writeUnsigned(magnitude: Uint8Array, tag: number = TAG.integer): Uint8Array {
  let start = 0
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++
  const body = magnitude.subarray(start)
  return (body[0] ?? 0x80) >= 0x80 ? tlv(tag, Uint8Array.of(0), body) : tlv(tag, body)
}

/** A BIT STRING with named bits: bit 0 is the highest of the first octet; no trailing zero bits (X.690 11.2.2). */
export function writeNamedBits(bits: readonly number[]): Uint8Array {
  const last = Math.max(-1, ...bits)
  const octets = new Uint8Array(Math.floor(last / 8) + 1)
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  return tlv(TAG.bitString, Uint8Array.of(last < 0 ? 0 : 7 - (last & 7)), octets)
}

const OIDS_KEPT = 256
const oids = new Map<string, Uint8Array>()

export function writeOid(oid: string, tag: number = TAG.oid): Uint8Array {
  if (tag !== TAG.oid) return encodeOid(oid, tag)
  const known = oids.get(oid)
  if (known) return known
  const made = encodeOid(oid, tag)
  // What others name is bounded; our own come first and stay.
  if (oids.size < OIDS_KEPT) oids.set(oid, made)
  return made
}

function encodeOid(oid: string, tag: number): Uint8Array {
  if (!/^[0-2](\.(0|[1-9]\d*))+$/.test(oid)) refuse('invalid-input', 'OBJECT IDENTIFIER', { oid })
  const [top = 0n, second = 0n, ...others] = oid.split('.').map(BigInt)
  if (top < 2n && second > 39n) refuse('invalid-input', 'OBJECT IDENTIFIER', { oid })
  const octets: number[] = []
  for (const arc of [top * 40n + second, ...others]) {
    const groups = [Number(arc & 0x7fn)]
    for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) groups.unshift(Number(rest & 0x7fn) | 0x80)
    octets.push(...groups)
  }
  return tlv(tag, Uint8Array.from(octets))
}

const encoder = new TextEncoder()

export const writeUtf8 = (text: string): Uint8Array => tlv(TAG.utf8String, encoder.encode(text))

export function writePrintable(text: string): Uint8Array {
  if (!/^[A-Za-z0-9 '()+,./:=?-]*$/.test(text)) refuse('invalid-input', 'X.680: PrintableString', { text })
  return tlv(TAG.printableString, encoder.encode(text))
}

export function writeIa5(text: string, tag: number = TAG.ia5String): Uint8Array {
  if (!/^[\x20-\x7e]*$/.test(text)) refuse('invalid-input', 'X.680: IA5String', { text })
  return tlv(tag, encoder.encode(text))
}

/** UTCTime to 2049, GeneralizedTime after it (RFC 5280 4.1.2.5). Milliseconds are cut off. */
export function writeTime(time: Date): Uint8Array {
  const year = time.getUTCFullYear()
  if (!(year >= 1950 && year <= 9999)) refuse('invalid-input', 'RFC 5280 4.1.2.5: Time')
  const text = `${time.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  return year < 2050 ? tlv(TAG.utcTime, encoder.encode(text.slice(2))) : tlv(TAG.generalizedTime, encoder.encode(text))
}

/** GeneralizedTime for any year, where a standard asks for it (CRL invalidityDate, OCSP, TSP). Milliseconds are cut off. */
export const writeGeneralizedTime = (time: Date): Uint8Array =>
  tlv(TAG.generalizedTime, encoder.encode(`${time.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`))
