import { bufferOf } from './buffer.ts'
import { ACTIONS, CHAIN_NAME, ENTRY_FORMAT, NAME_MAX } from './entry-form.ts'
import type { Entry } from './entry.ts'

/** Anything but printable ASCII with no backslash: what needs care with UTF-8 and escapes goes the long way. */
const UNUSUAL = /[^\x20-\x5b\x5d-\x7e]/
const BASE64URL = /^[A-Za-z0-9_-]+$/
/** The last character of n bytes' worth of base64url, by what is left over: RFC 4648 3.5, unused bits are zero. */
const LAST = [/./, /^$/, /[AQgw]/, /[AEIMQUYcgkosw048]/] as const
const DIGEST_LENGTH = 43

const isBase64url = (text: string): boolean =>
  BASE64URL.test(text) && (LAST[text.length % 4] ?? /^$/).test(text[text.length - 1] ?? '')

const NONE = Symbol('not this form')

/** Reads a text from left to right; any mismatch ends the reading for good, by a throw that costs nothing to make. */
class Scanner {
  readonly #text: string
  #place = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Exactly this. */
  skip(literal: string): void {
    if (!this.#text.startsWith(literal, this.#place)) throw NONE
    this.#place += literal.length
  }

  /** The inside of a string, its closing quote taken. */
  string(): string {
    const end = this.#text.indexOf('"', this.#place)
    if (end < 0) throw NONE
    const value = this.#text.slice(this.#place, end)
    this.#place = end + 1
    return value
  }

  name(): string {
    const value = this.string()
    if (value.length === 0 || value.length > NAME_MAX) throw NONE
    return value
  }

  isAt(literal: string): boolean {
    return this.#text.startsWith(literal, this.#place)
  }

  optionalName(): string | null {
    if (this.isAt('"')) {
      this.#place += 1
      return this.name()
    }
    this.skip('null')
    return null
  }

  /** A whole number as canonical JSON writes it. */
  number(): number {
    const from = this.#place
    let value = 0
    for (;;) {
      const digit = this.#text.charCodeAt(this.#place) - 48
      if (!(digit >= 0 && digit <= 9)) break
      value = value * 10 + digit
      this.#place += 1
    }
    const length = this.#place - from
    const hasLeadingZero = length > 1 && this.#text[from] === '0'
    if (length === 0 || length > 16 || hasLeadingZero || !Number.isSafeInteger(value)) throw NONE
    return value
  }

  end(): void {
    if (this.#place !== this.#text.length) throw NONE
  }
}

/** An entry with its binary members still as text, as the signed bytes have them. */
export type EntryText = Omit<Entry, 'payload' | 'previous'> & { readonly payload: string; readonly previous: string }

const operatorOf = (scanner: Scanner): Entry['operator'] => {
  if (!scanner.isAt('{')) {
    scanner.skip('null')
    return null
  }
  scanner.skip('{"id":"')
  const id = scanner.name()
  scanner.skip(',"office":')
  const office = scanner.optionalName()
  scanner.skip(',"role":"')
  const role = scanner.name()
  scanner.skip('}')
  return { id, role, office }
}

/** The members in the order of RFC 8785, with nothing between them that canonical JSON would not have. */
const scan = (scanner: Scanner): EntryText => {
  scanner.skip('{"action":"')
  const action = scanner.string()
  if (!ACTIONS.has(action)) throw NONE
  scanner.skip(',"at":')
  const at = scanner.number()
  scanner.skip(',"chain":"')
  const chain = scanner.string()
  if (!CHAIN_NAME.test(chain)) throw NONE
  scanner.skip(',"correlationId":"')
  const correlationId = scanner.name()
  scanner.skip(',"division":')
  const division = scanner.optionalName()
  scanner.skip(',"intent":"')
  const intent = scanner.name()
  scanner.skip(',"key":"')
  const key = scanner.string()
  if (!BASE64URL.test(key)) throw NONE
  scanner.skip(',"object":{"id":"')
  const id = scanner.name()
  scanner.skip(',"type":"')
  const type = scanner.name()
  scanner.skip('},"office":')
  const office = scanner.optionalName()
  scanner.skip(',"operator":')
  const operator = operatorOf(scanner)
  scanner.skip(',"payload":"')
  const payload = scanner.string()
  if (payload.length !== DIGEST_LENGTH || !isBase64url(payload)) throw NONE
  scanner.skip(',"previous":"')
  const previous = scanner.string()
  if (!isBase64url(previous)) throw NONE
  scanner.skip(',"sequence":')
  const sequence = scanner.number()
  scanner.skip(',"station":')
  const station = scanner.optionalName()
  scanner.skip(',"tenant":"')
  const tenant = scanner.name()
  scanner.skip(`,"v":${ENTRY_FORMAT}}`)
  scanner.end()
  return {
    chain,
    sequence,
    at,
    tenant,
    division,
    office,
    operator,
    station,
    action: action as Entry['action'],
    object: { type, id },
    correlationId,
    intent,
    key,
    payload,
    previous,
  }
}

/**
 * Reads the one form `encodeEntry` writes, many times faster than `parseEntry`. Null says nothing: an entry with other
 * than plain ASCII goes the long way. Whatever it gives is what `parseEntry` gives (a test holds the two together).
 */
export const scanEntry = (bytes: Uint8Array): EntryText | null => {
  if (!(bytes instanceof Uint8Array)) return null
  const text = bufferOf(bytes).toString('latin1')
  if (UNUSUAL.test(text)) return null
  try {
    return scan(new Scanner(text))
  } catch (error) {
    if (error === NONE) return null
    throw error
  }
}
