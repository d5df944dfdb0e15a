/**
 * What `shared` uses of Node's Buffer, for browsers: bytes that know base64, base64url, hex, latin1 and UTF-8. Texts are
 * read as Node reads them: what does not belong is passed over, so that only one text encodes to the same bytes again.
 */
type Encoding = 'utf8' | 'utf-8' | 'latin1' | 'binary' | 'ascii' | 'hex' | 'base64' | 'base64url'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const STEP = 0x2000

const latin1Of = (bytes: Uint8Array): string => {
  let text = ''
  for (let at = 0; at < bytes.length; at += STEP) text += String.fromCharCode(...bytes.subarray(at, at + STEP))
  return text
}
const fromLatin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0) & 255)

const fromBase64 = (text: string): Uint8Array => {
  const plain = text.replaceAll('-', '+').replaceAll('_', '/')
  const end = plain.indexOf('=')
  const digits = (end < 0 ? plain : plain.slice(0, end)).replace(/[^A-Za-z0-9+/]/g, '')
  return fromLatin1(atob(digits.length % 4 === 1 ? digits.slice(0, -1) : digits))
}
const fromHex = (text: string): Uint8Array => {
  const digits = /^(?:[0-9a-f]{2})*/i.exec(text)?.[0] ?? ''
  return Uint8Array.from({ length: digits.length / 2 }, (_, place) =>
    Number.parseInt(digits.slice(2 * place, 2 * place + 2), 16),
  )
}

const bytesOf = (text: string, encoding: Encoding): Uint8Array => {
  if (encoding === 'base64' || encoding === 'base64url') return fromBase64(text)
  if (encoding === 'hex') return fromHex(text)
  return encoding === 'utf8' || encoding === 'utf-8' ? encoder.encode(text) : fromLatin1(text)
}

const textOf = (bytes: Uint8Array, encoding: Encoding): string => {
  if (encoding === 'hex') return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  if (encoding === 'base64') return btoa(latin1Of(bytes))
  if (encoding === 'base64url') {
    return btoa(latin1Of(bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
  }
  return encoding === 'utf8' || encoding === 'utf-8' ? decoder.decode(bytes) : latin1Of(bytes)
}

/** Not exported under Node's name: `install` puts it there, and only where there is none. */
export class BrowserBuffer extends Uint8Array {
  static override from(value: unknown, second?: unknown, third?: unknown): never {
    if (typeof value === 'string') return this.#over(bytesOf(value, (second as Encoding | undefined) ?? 'utf8'))
    if (value instanceof ArrayBuffer)
      return this.#over(new Uint8Array(value, second as number | undefined, third as number | undefined))
    return this.#over(Uint8Array.from(value as ArrayLike<number>))
  }

  static alloc(length: number): BrowserBuffer {
    return new BrowserBuffer(length)
  }

  static byteLength(text: string): number {
    return encoder.encode(text).length
  }

  static isBuffer(value: unknown): boolean {
    return value instanceof BrowserBuffer
  }

  static concat(parts: readonly Uint8Array[]): BrowserBuffer {
    const whole = new BrowserBuffer(parts.reduce((length, part) => length + part.length, 0))
    let at = 0
    for (const part of parts) {
      whole.set(part, at)
      at += part.length
    }
    return whole
  }

  static #over(bytes: Uint8Array): never {
    return new BrowserBuffer(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength) as never
  }

  override toString(encoding: Encoding = 'utf8', from = 0, to = this.length): string {
    return textOf(new Uint8Array(this.buffer, this.byteOffset, this.byteLength).subarray(from, to), encoding)
  }

  equals(other: Uint8Array): boolean {
    return this.length === other.length && this.every((byte, place) => byte === other[place])
  }

  readBigUInt64BE(at = 0): bigint {
    return new DataView(this.buffer, this.byteOffset, this.byteLength).getBigUint64(at)
  }

  writeBigUInt64BE(value: bigint, at = 0): number {
    new DataView(this.buffer, this.byteOffset, this.byteLength).setBigUint64(at, value)
    return at + 8
  }
}
