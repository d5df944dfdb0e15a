import { AppError } from '../../../shared/contract/errors.ts'

/** One BER-TLV object (ISO/IEC 7816-4 §5.2.2, X.690). `tag` holds the tag bytes as written, e.g. 0x5FC102. */
export interface Tlv {
  readonly tag: number
  readonly value: Uint8Array
}

const MAX_TAG_BYTES = 3
const MAX_LENGTH_BYTES = 3

function refuse(reason: string): never {
  throw new AppError('CARD_COMMAND_FAILED', { reason: `tlv-${reason}` })
}

/** Writes tag, shortest length and the values in a row. */
export function encodeTlv(tag: number, ...values: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const head = tagBytes(tag)
  const size = values.reduce((sum, value) => sum + value.length, 0)
  const length = lengthBytes(size)
  const out = new Uint8Array(head.length + length.length + size)
  out.set(head)
  out.set(length, head.length)
  let at = head.length + length.length
  for (const value of values) {
    out.set(value, at)
    at += value.length
  }
  return out
}

/**
 * Reads a row of objects to the last byte. Refuses (CARD_COMMAND_FAILED, reason `tlv-…`) what is cut short, of
 * indefinite length, or longer than a card can hold. Lengths need not be shortest: cards write `82 00 xx`.
 * Values are views on `bytes`.
 */
export function parseTlv(bytes: Uint8Array): Tlv[] {
  const out: Tlv[] = []
  let at = 0
  const next = (): number => bytes[at++] ?? refuse('truncated')
  while (at < bytes.length) {
    const tag = readTag(next)
    const size = readLength(next)
    if (at + size > bytes.length) refuse('truncated')
    out.push({ tag, value: bytes.subarray(at, at + size) })
    at += size
  }
  return out
}

/** The value of the only object with this tag; null where there is none. Refuses a tag that comes twice. */
export function findTlv(list: readonly Tlv[], tag: number): Uint8Array | null {
  const found = list.filter((item) => item.tag === tag)
  if (found.length > 1) refuse('repeated')
  return found[0]?.value ?? null
}

/** The value of `tag`, which must be there. */
export function needTlv(list: readonly Tlv[], tag: number): Uint8Array {
  return findTlv(list, tag) ?? refuse('missing')
}

function tagBytes(tag: number): number[] {
  const bytes = [(tag >>> 16) & 0xff, (tag >>> 8) & 0xff, tag & 0xff]
  return tag > 0xffff ? bytes : tag > 0xff ? bytes.slice(1) : bytes.slice(2)
}

function lengthBytes(size: number): number[] {
  if (size < 0x80) return [size]
  if (size < 0x100) return [0x81, size]
  if (size < 0x10000) return [0x82, size >> 8, size & 0xff]
  return refuse('too-long')
}

function readTag(next: () => number): number {
  let tag = next()
  if (tag === 0x00 || tag === 0xff) refuse('tag')
  if ((tag & 0x1f) !== 0x1f) return tag
  for (let count = 2; ; count++) {
    if (count > MAX_TAG_BYTES) refuse('tag')
    const byte = next()
    tag = tag * 0x100 + byte
    if ((byte & 0x80) === 0) return tag
  }
}

function readLength(next: () => number): number {
  const first = next()
  if (first < 0x80) return first
  const count = first & 0x7f
  if (count === 0 || count > MAX_LENGTH_BYTES) refuse('length')
  let size = 0
  for (let i = 0; i < count; i++) size = size * 0x100 + next()
  return size
}
