import { refuse } from './pades-error.ts'
import { NULL, type PdfDict, type PdfStream, type PdfString, type PdfValue } from './pdf-value.ts'

/** Nesting of arrays and dictionaries; real files stay below ten. */
const MAX_DEPTH = 40
/** Octets of one object without its stream: what is read takes some forty times as much memory. */
const MAX_OBJECT_BYTES = 4 * 1024 * 1024
/** Largest object number read (ISO 32000-1 Annex C.2: 8,388,607). */
export const MAX_OBJECT_NUMBER = 8_388_607

const SPACE: readonly number[] = [0, 9, 10, 12, 13, 32]
const DELIMITERS: readonly number[] = Array.from('()<>[]{}/%', (one) => one.charCodeAt(0))
// One table, as every octet of a file passes here: 0 regular, 1 white space, 2 delimiter (7.2.2).
const CLASS = new Uint8Array(256)
for (const one of SPACE) CLASS[one] = 1
for (const one of DELIMITERS) CLASS[one] = 2

const digitOf = (byte: number): number => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/**
 * Reads objects out of octets, strictly (7.2, 7.3): where readers differ about what stands there, it refuses. No
 * key twice in a dictionary, no unbalanced string, no unknown keyword. Throws PadesError `syntax`, `duplicate-key`,
 * `too-large`.
 */
export class PdfReader {
  readonly bytes: Uint8Array
  /** What counts as the end. */
  readonly limit: number
  at: number

  constructor(bytes: Uint8Array, at = 0, limit = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.limit = limit
  }

  peek(ahead = 0): number {
    const at = this.at + ahead
    return at < this.limit ? (this.bytes[at] ?? -1) : -1
  }

  /** White space and comments. */
  skip(): void {
    for (;;) {
      const byte = this.peek()
      if (byte === 0x25) while (this.at < this.limit && this.peek() !== 10 && this.peek() !== 13) this.at++
      else if (byte >= 0 && CLASS[byte] === 1) this.at++
      else return
    }
  }

  /** White space alone. */
  skipSpace(): void {
    while (this.at < this.limit && CLASS[this.peek()] === 1) this.at++
  }

  isAt(word: string): boolean {
    if (this.at + word.length > this.limit) return false
    for (let i = 0; i < word.length; i++) if (this.bytes[this.at + i] !== word.charCodeAt(i)) return false
    return true
  }

  /** The keyword here, and nothing that would make it longer. */
  keyword(word: string): void {
    if (!this.isAt(word)) this.#refuse(`${word} expected`)
    this.at += word.length
    if (this.at < this.limit && CLASS[this.peek()] === 0) this.#refuse(`${word} expected`)
  }

  /** An unsigned whole number as written in headers and tables. */
  natural(limit = Number.MAX_SAFE_INTEGER): number {
    const start = this.at
    let value = 0
    while (this.at - start < 16) {
      const byte = this.peek()
      if (byte < 0x30 || byte > 0x39) break
      value = value * 10 + (byte - 0x30)
      this.at++
    }
    if (this.at === start || value > limit) this.#refuse('whole number expected')
    return value
  }

  /** `12 0 obj`; gives both numbers. */
  objectHeader(): { readonly number: number; readonly generation: number } {
    const number = this.natural(MAX_OBJECT_NUMBER)
    this.#space()
    const generation = this.natural(65_535)
    this.#space()
    this.keyword('obj')
    return { number, generation }
  }

  /** The object after its header; `at` stands behind it, of a stream behind the keyword and its end of line. */
  object(): PdfValue | PdfStream {
    const value = this.value()
    const after = this.at
    this.skip()
    if (value.kind !== 'dict' || !this.isAt('stream')) {
      this.at = after
      return value
    }
    this.at += 6
    // 7.3.8.1: CR LF or LF, not CR alone.
    if (this.peek() === 13 && this.peek(1) === 10) this.at += 2
    else if (this.peek() === 10) this.at += 1
    else this.#refuse('end of line after stream')
    return { kind: 'stream', dict: value, dataStart: this.at }
  }

  value(): PdfValue {
    return this.#value(0, this.at + MAX_OBJECT_BYTES)
  }

  #value(depth: number, end: number): PdfValue {
    this.skip()
    if (depth > MAX_DEPTH) refuse('too-large', 'nesting of objects', { limit: MAX_DEPTH })
    if (this.at > end) refuse('too-large', 'one object', { limit: MAX_OBJECT_BYTES })
    const byte = this.peek()
    if (byte === 0x2f) return { kind: 'name', name: this.#name() }
    if (byte === 0x28) return this.#literal(end)
    if (byte === 0x5b) return this.#array(depth, end)
    if (byte === 0x3c) return this.peek(1) === 0x3c ? this.#dict(depth, end) : this.#hex(end)
    if ((byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e) return this.#number()
    for (const [word, value] of WORDS) {
      if (!this.isAt(word)) continue
      this.keyword(word)
      return value
    }
    return this.#refuse('object expected')
  }

  #number(): PdfValue {
    const start = this.at
    while (this.at < this.limit && CLASS[this.peek()] === 0) this.at++
    if (this.at - start > 40) this.#refuse('number')
    const text = this.#ascii(start, this.at)
    if (!/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text)) this.#refuse('number')
    return this.#reference(text) ?? { kind: 'number', value: Number(text), text }
  }

  /** `12 0 R` */
  #reference(text: string): PdfValue | null {
    if (!/^\d{1,10}$/.test(text)) return null
    const after = this.at
    this.skip()
    const start = this.at
    while (this.peek() >= 0x30 && this.peek() <= 0x39 && this.at - start < 6) this.at++
    const generation = this.#ascii(start, this.at)
    if (this.at > start) {
      this.skip()
      const isEnd = this.at + 1 >= this.limit || CLASS[this.peek(1)] !== 0
      if (this.peek() === 0x52 && isEnd) {
        this.at++
        if (Number(text) > MAX_OBJECT_NUMBER) this.#refuse('object number')
        return { kind: 'ref', number: Number(text), generation: Number(generation) }
      }
    }
    this.at = after
    return null
  }

  #array(depth: number, end: number): PdfValue {
    const items: PdfValue[] = []
    this.at++
    for (;;) {
      this.skip()
      if (this.peek() === 0x5d) break
      items.push(this.#value(depth + 1, end))
    }
    this.at++
    return { kind: 'array', items }
  }

  #dict(depth: number, end: number): PdfDict {
    const entries = new Map<string, PdfValue>()
    this.at += 2
    for (;;) {
      this.skip()
      if (this.peek() === 0x3e && this.peek(1) === 0x3e) break
      if (this.peek() !== 0x2f) this.#refuse('key expected')
      const key = this.#name()
      if (entries.has(key)) refuse('duplicate-key', 'ISO 32000-1 7.3.7', { key: key.slice(0, 40), at: this.at })
      entries.set(key, this.#value(depth + 1, end))
    }
    this.at += 2
    return { kind: 'dict', entries }
  }

  #name(): string {
    let name = ''
    this.at++
    while (this.at < this.limit && CLASS[this.peek()] === 0) {
      let byte = this.peek()
      if (byte === 0x23) {
        const high = digitOf(this.peek(1))
        const low = digitOf(this.peek(2))
        if (high < 0 || low < 0 || high + low === 0) this.#refuse('7.3.5: name')
        byte = high * 16 + low
        this.at += 2
      }
      name += String.fromCharCode(byte)
      if (name.length > 1024) refuse('too-large', 'name')
      this.at++
    }
    return name
  }

  #hex(end: number): PdfString {
    const start = this.at
    const stop = Math.min(this.limit, Math.max(end, start + MAX_OBJECT_BYTES))
    const close = this.bytes.subarray(0, stop).indexOf(0x3e, start)
    if (close < 0) this.#refuse('7.3.4.3: string')
    const bytes = new Uint8Array((close - start) >> 1)
    let count = 0
    for (let i = start + 1; i < close; i++) {
      const byte = this.bytes[i] ?? 0
      if (CLASS[byte] === 1) continue
      const digit = digitOf(byte)
      if (digit < 0) this.#refuse('7.3.4.3: string')
      // A last digit that stands alone counts as followed by 0.
      bytes[count >> 1] = (bytes[count >> 1] ?? 0) | (count % 2 === 0 ? digit << 4 : digit)
      count++
    }
    this.at = close + 1
    return { kind: 'string', bytes: bytes.subarray(0, (count + 1) >> 1), hex: true, start, end: this.at }
  }

  #literal(end: number): PdfString {
    const start = this.at
    const out: number[] = []
    let open = 1
    this.at++
    for (;;) {
      if (this.at >= this.limit || this.at > end) this.#refuse('7.3.4.2: string')
      const byte = this.peek()
      this.at++
      if (byte === 0x5c) this.#escape(out)
      else if (byte === 13) {
        if (this.peek() === 10) this.at++
        out.push(10)
      } else {
        if (byte === 0x28) open++
        if (byte === 0x29 && --open === 0) break
        out.push(byte)
      }
    }
    return { kind: 'string', bytes: Uint8Array.from(out), hex: false, start, end: this.at }
  }

  #escape(out: number[]): void {
    const byte = this.peek()
    this.at++
    const known = ESCAPES.get(byte)
    if (known !== undefined) out.push(known)
    else if (byte === 13) {
      if (this.peek() === 10) this.at++
    } else if (byte >= 0x30 && byte <= 0x37) {
      let value = byte - 0x30
      for (let i = 0; i < 2 && this.peek() >= 0x30 && this.peek() <= 0x37; i++, this.at++) {
        value = value * 8 + (this.peek() - 0x30)
      }
      out.push(value & 0xff)
    } else if (byte !== 10) out.push(byte & 0xff)
  }

  #space(): void {
    if (CLASS[this.peek()] !== 1 || this.peek() < 0) this.#refuse('white space expected')
    this.skipSpace()
  }

  #ascii(start: number, end: number): string {
    return String.fromCharCode(...this.bytes.subarray(start, end))
  }

  #refuse(what: string): never {
    return refuse('syntax', `ISO 32000-1 7.3: ${what}`, { at: this.at })
  }
}

const WORDS: readonly (readonly [string, PdfValue])[] = [
  ['true', { kind: 'boolean', value: true }],
  ['false', { kind: 'boolean', value: false }],
  ['null', NULL],
]

const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, 10],
  [0x72, 13],
  [0x74, 9],
  [0x62, 8],
  [0x66, 12],
  [0x28, 0x28],
  [0x29, 0x29],
  [0x5c, 0x5c],
])
