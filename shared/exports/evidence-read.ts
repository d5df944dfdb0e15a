import { decodeBase64url } from '../audit/base64url.ts'
import { fromBase64 } from '../audit/note-key.ts'
import { parseCanonical } from '../audit/jcs.ts'
import type { ErasureMarks } from '../audit/marks.ts'
import { AppError } from '../contract/errors.ts'

export type EvidenceLine =
  | {
      readonly kind: 'disclosed'
      readonly body: Uint8Array
      readonly payload: Uint8Array | null
      readonly signature: Uint8Array
      /** As it stands there: the one text of these bytes. */
      readonly signatureText: string
      readonly salt: Uint8Array
      readonly erased: ErasureMarks | null
      readonly inclusion: readonly Uint8Array[] | null
    }
  | {
      readonly kind: 'header'
      readonly body: Uint8Array
      readonly signature: Uint8Array
      readonly signatureText: string
    }
  | { readonly kind: 'hidden'; readonly sequence: number; readonly leaf: Uint8Array }

/** A line longer than this is none of ours. */
export const LINE_BYTES_MAX = 16 * 1024 * 1024
const PATH_MAX = 64
const refused = (): AppError => new AppError('REQUEST_INVALID', { reason: 'evidence-line' })

/** Reads a line from left to right. What it takes as text is ASCII; parts with a length are given as bytes. */
class LineCursor {
  readonly #line: Buffer
  #at = 0

  constructor(line: Uint8Array) {
    this.#line = Buffer.from(line.buffer, line.byteOffset, line.byteLength)
  }

  isAt(literal: string): boolean {
    for (let place = 0; place < literal.length; place += 1)
      if (this.#line[this.#at + place] !== literal.charCodeAt(place)) return false
    return true
  }

  skip(literal: string): void {
    if (!this.isAt(literal)) throw refused()
    this.#at += literal.length
  }

  /** A whole number as canonical JSON writes it. */
  number(): number {
    const from = this.#at
    let value = 0
    for (;;) {
      const digit = (this.#line[this.#at] ?? 0) - 48
      if (!(digit >= 0 && digit <= 9)) break
      value = value * 10 + digit
      this.#at += 1
    }
    const length = this.#at - from
    const isCanonical = length > 0 && length <= 16 && (length === 1 || this.#line[from] !== 48)
    if (!isCanonical || !Number.isSafeInteger(value)) throw refused()
    return value
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#line.length) throw refused()
    const part = new Uint8Array(this.#line.buffer, this.#line.byteOffset + this.#at, length)
    this.#at = end
    return part
  }

  /** A string of base64 or base64url; its own quotes taken. */
  string(): string {
    this.skip('"')
    const end = this.#line.indexOf(0x22, this.#at)
    if (end < 0) throw refused()
    const text = this.#line.toString('latin1', this.#at, end)
    this.#at = end + 1
    return text
  }

  /** Everything before the first of these that ends the line's object or begins its last member. */
  until(literal: string): Uint8Array {
    const end = this.#line.toString('latin1', this.#at).lastIndexOf(literal)
    if (end < 0) throw refused()
    return this.bytes(end)
  }

  end(): void {
    if (this.#at !== this.#line.length) throw refused()
  }
}

const marksOf = (bytes: Uint8Array): ErasureMarks => {
  const said = parseCanonical(bytes)
  if (typeof said !== 'object' || said === null || Array.isArray(said)) throw refused()
  const { at, by, rule, ...rest } = said as Readonly<Record<string, unknown>>
  const isMarks = Number.isSafeInteger(at) && typeof by === 'string' && typeof rule === 'string'
  if (!isMarks || Object.keys(rest).length > 0 || (at as number) < 0 || by === '' || rule === '') throw refused()
  return { at: at as number, by, rule }
}

const pathOf = (cursor: LineCursor): readonly Uint8Array[] => {
  const path: Uint8Array[] = []
  cursor.skip('[')
  while (!cursor.isAt(']')) {
    if (path.length > 0) cursor.skip(',')
    const hash = fromBase64(cursor.string())
    if (hash.length !== 32 || path.length === PATH_MAX) throw refused()
    path.push(hash)
  }
  cursor.skip(']')
  return path
}

/** Marks are of `{"at":…,"by":…,"rule":…}`; they end where the line does, or where the path begins. */
const erasedOf = (cursor: LineCursor, hasPath: boolean): ErasureMarks => marksOf(cursor.until(hasPath ? ',"i":[' : '}'))

const disclosedOf = (cursor: LineCursor, body: Uint8Array, length: number, hasPath: boolean): EvidenceLine => {
  cursor.skip(',"p":')
  const bytes = cursor.bytes(length)
  const isErased = length === 4 && Buffer.from(bytes).toString('latin1') === 'null'
  cursor.skip(',"s":')
  const signatureText = cursor.string()
  const signature = decodeBase64url(signatureText)
  cursor.skip(',"t":')
  const salt = decodeBase64url(cursor.string())
  let erased: ErasureMarks | null = null
  if (isErased) {
    cursor.skip(',"x":')
    erased = erasedOf(cursor, hasPath)
  }
  let inclusion: readonly Uint8Array[] | null = null
  if (hasPath) {
    cursor.skip(',"i":')
    inclusion = pathOf(cursor)
  }
  cursor.skip('}')
  cursor.end()
  if (signature.length === 0 || (isErased && salt.length > 0)) throw refused()
  return {
    kind: 'disclosed',
    body,
    payload: isErased ? null : bytes,
    signature,
    signatureText,
    salt,
    erased,
    inclusion,
  }
}

/**
 * Reads one line without its newline: the one form `disclosedLine`, `headerLine` and `hiddenLine` write. `hasPath`: by
 * the manifest's completeness, disclosed lines have audit paths. Entry and payload are given as they stand; that they
 * are canonical is the caller's to check. Throws REQUEST_INVALID.
 */
export const readEvidenceLine = (line: Uint8Array, hasPath: boolean): EvidenceLine => {
  const cursor = new LineCursor(line)
  if (cursor.isAt('{"q":')) {
    cursor.skip('{"q":')
    const sequence = cursor.number()
    cursor.skip(',"h":')
    const leaf = decodeBase64url(cursor.string())
    cursor.skip('}')
    cursor.end()
    if (leaf.length !== 32) throw refused()
    return { kind: 'hidden', sequence, leaf }
  }
  cursor.skip('{"n":[')
  const bodyLength = cursor.number()
  const payloadLength = cursor.isAt(',') ? (cursor.skip(','), cursor.number()) : null
  cursor.skip('],"e":')
  const body = cursor.bytes(bodyLength)
  if (payloadLength !== null) return disclosedOf(cursor, body, payloadLength, hasPath)
  cursor.skip(',"s":')
  const signatureText = cursor.string()
  const signature = decodeBase64url(signatureText)
  cursor.skip('}')
  cursor.end()
  if (signature.length === 0) throw refused()
  return { kind: 'header', body, signature, signatureText }
}

/** Splits pieces at newlines. Gives each line without it; the last byte must be one. Throws REQUEST_INVALID. */
export class LineSplitter {
  #rest: Uint8Array = new Uint8Array(0)

  end(): void {
    if (this.#rest.length > 0) throw refused()
  }

  *push(piece: Uint8Array): Generator<Uint8Array> {
    let from = 0
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      const part = piece.subarray(from, end)
      yield this.#rest.length > 0 ? this.#joined(part) : part
      this.#rest = new Uint8Array(0)
      from = end + 1
    }
    if (from < piece.length) this.#rest = this.#joined(piece.subarray(from))
    if (this.#rest.length > LINE_BYTES_MAX) throw refused()
  }

  #joined(part: Uint8Array): Uint8Array {
    const whole = new Uint8Array(this.#rest.length + part.length)
    whole.set(this.#rest)
    whole.set(part, this.#rest.length)
    return whole
  }
}
