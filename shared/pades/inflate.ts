import { refuse } from './pades-error.ts'

/** Lengths and distances (RFC 1951 3.2.5). */
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12_289, 16_385, 24_577,
]
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
const MAX_BITS = 15

/**
 * Octets compressed by zlib (RFC 1950, 1951), up to a limit: a few octets can ask for gigabytes. Here and not from the
 * platform, because the verifier's page has no synchronous one. Throws PadesError `stream`, `too-large`.
 */
export function inflate(input: Uint8Array, limit: number): Uint8Array {
  const [cmf = 0, flags = 0] = input
  if (input.length < 6 || (cmf & 0x0f) !== 8 || (cmf * 256 + flags) % 31 !== 0 || (flags & 0x20) !== 0) {
    refuse('stream', 'RFC 1950 2.2')
  }
  const bits = new Bits(input, 2)
  const out = new Output(limit, input.length)
  let isLast = false
  while (!isLast) {
    isLast = bits.take(1) === 1
    const kind = bits.take(2)
    if (kind === 0) stored(bits, out)
    else if (kind === 3) refuse('stream', 'RFC 1951 3.2.3')
    else {
      const { literals, distances } = kind === 1 ? FIXED : readCodes(bits)
      compressed(bits, out, literals, distances)
    }
  }
  const result = out.done()
  if (bits.checksum() !== adler32(result)) refuse('stream', 'RFC 1950 2.2: ADLER32')
  return result
}

class Bits {
  readonly #input: Uint8Array
  #at: number
  #held = 0
  #count = 0

  constructor(input: Uint8Array, at: number) {
    this.#input = input
    this.#at = at
  }

  take(count: number): number {
    while (this.#count < count) this.#more()
    const value = this.#held & ((1 << count) - 1)
    this.#held >>>= count
    this.#count -= count
    return value
  }

  /** One symbol: shortest code first, as the table counts them (3.2.2). */
  symbol({ counts, symbols }: Codes): number {
    let code = 0
    let first = 0
    let index = 0
    for (let length = 1; length <= MAX_BITS; length++) {
      if (this.#count === 0) this.#more()
      code |= this.#held & 1
      this.#held >>>= 1
      this.#count--
      const count = counts[length] ?? 0
      if (code - count < first) return symbols[index + code - first] ?? 0
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    return refuse('stream', 'RFC 1951 3.2.2')
  }

  /** Whole octets from here on. */
  octets(count: number): Uint8Array {
    this.#align()
    if (this.#at + count > this.#input.length) refuse('stream', 'RFC 1951: cut off')
    this.#at += count
    return this.#input.subarray(this.#at - count, this.#at)
  }

  checksum(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.octets(4)
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
  }

  #more(): void {
    if (this.#at >= this.#input.length) refuse('stream', 'RFC 1951: cut off')
    this.#held |= (this.#input[this.#at] ?? 0) << this.#count
    this.#at++
    this.#count += 8
  }

  #align(): void {
    // No more than one octet is ever read ahead.
    this.#held = 0
    this.#count = 0
  }
}

class Output {
  readonly #limit: number
  #bytes: Uint8Array
  length = 0

  constructor(limit: number, inputLength: number) {
    this.#limit = limit
    this.#bytes = new Uint8Array(Math.min(limit, Math.max(256, 4 * inputLength)))
  }

  push(byte: number): void {
    if (this.length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.length++] = byte
  }

  append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.#bytes.length) this.#grow(bytes.length)
    this.#bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  copy(distance: number, count: number): void {
    if (distance > this.length) refuse('stream', 'RFC 1951 3.2.5: distance')
    if (this.length + count > this.#bytes.length) this.#grow(count)
    const bytes = this.#bytes
    for (let i = 0; i < count; i++, this.length++) bytes[this.length] = bytes[this.length - distance] ?? 0
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }

  #grow(count: number): void {
    const needed = this.length + count
    if (needed > this.#limit) refuse('too-large', 'inflated', { limit: this.#limit })
    const grown = new Uint8Array(Math.min(this.#limit, Math.max(needed, 2 * this.#bytes.length)))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

interface Codes {
  /** How many codes there are of each length. */
  readonly counts: Uint16Array
  /** Symbols in the order of their codes. */
  readonly symbols: Uint16Array
}

function codesOf(lengths: readonly number[]): Codes {
  const counts = new Uint16Array(MAX_BITS + 1)
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1
  counts[0] = 0
  let left = 1
  for (let length = 1; length <= MAX_BITS; length++) {
    left = left * 2 - (counts[length] ?? 0)
    if (left < 0) refuse('stream', 'RFC 1951 3.2.2: too many codes')
  }
  const offsets = new Uint16Array(MAX_BITS + 2)
  for (let length = 1; length <= MAX_BITS; length++)
    offsets[length + 1] = (offsets[length] ?? 0) + (counts[length] ?? 0)
  const symbols = new Uint16Array(lengths.length)
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue
    symbols[offsets[length] ?? 0] = symbol
    offsets[length] = (offsets[length] ?? 0) + 1
  }
  return { counts, symbols }
}

const FIXED = {
  literals: codesOf(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
  distances: codesOf(Array.from({ length: 30 }, () => 5)),
}

/** 3.2.7. */
function readCodes(bits: Bits): typeof FIXED {
  const literalCount = bits.take(5) + 257
  const distanceCount = bits.take(5) + 1
  const codeCount = bits.take(4) + 4
  const codeLengths = Array.from({ length: 19 }, () => 0)
  for (let i = 0; i < codeCount; i++) codeLengths[CODE_ORDER[i] ?? 0] = bits.take(3)
  const codes = codesOf(codeLengths)
  const lengths: number[] = []
  while (lengths.length < literalCount + distanceCount) {
    const symbol = bits.symbol(codes)
    if (symbol < 16) lengths.push(symbol)
    else {
      const previous = lengths.at(-1)
      if (symbol === 16 && previous === undefined) refuse('stream', 'RFC 1951 3.2.7')
      const count = symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7)
      for (let i = 0; i < count; i++) lengths.push(symbol === 16 ? (previous ?? 0) : 0)
    }
  }
  if (lengths.length !== literalCount + distanceCount || lengths[256] === 0) refuse('stream', 'RFC 1951 3.2.7')
  return { literals: codesOf(lengths.slice(0, literalCount)), distances: codesOf(lengths.slice(literalCount)) }
}

function stored(bits: Bits, out: Output): void {
  const [a = 0, b = 0, c = 0, d = 0] = bits.octets(4)
  const length = a | (b << 8)
  if ((length ^ 0xffff) !== (c | (d << 8))) refuse('stream', 'RFC 1951 3.2.4')
  out.append(bits.octets(length))
}

function compressed(bits: Bits, out: Output, literals: Codes, distances: Codes): void {
  for (;;) {
    const symbol = bits.symbol(literals)
    if (symbol < 256) out.push(symbol)
    else if (symbol === 256) return
    else {
      const base = LENGTH_BASE[symbol - 257] ?? refuse('stream', 'RFC 1951 3.2.5')
      const length = base + bits.take(LENGTH_EXTRA[symbol - 257] ?? 0)
      const code = bits.symbol(distances)
      const distance =
        (DISTANCE_BASE[code] ?? refuse('stream', 'RFC 1951 3.2.5')) + bits.take(DISTANCE_EXTRA[code] ?? 0)
      out.copy(distance, length)
    }
  }
}

function adler32(bytes: Uint8Array): number {
  let a = 1
  let b = 0
  for (let start = 0; start < bytes.length; start += 3800) {
    const end = Math.min(bytes.length, start + 3800)
    for (let i = start; i < end; i++) {
      a += bytes[i] ?? 0
      b += a
    }
    a %= 65_521
    b %= 65_521
  }
  return ((b << 16) | a) >>> 0
}
