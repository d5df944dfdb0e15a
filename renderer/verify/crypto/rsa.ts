import type { HashName } from '../../../shared/pki/types.ts'
import { HASHES } from './hashes.ts'

/** An RSA public key; verification only, so nothing here is secret and nothing needs constant time. */
export interface RsaKey {
  readonly modulus: bigint
  readonly exponent: bigint
  readonly bits: number
}

const integerOf = (bytes: Uint8Array): bigint => {
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return hex === '' ? 0n : BigInt(`0x${hex}`)
}

const bytesOf = (value: bigint, length: number): Uint8Array => {
  const hex = value.toString(16).padStart(length * 2, '0')
  return Uint8Array.from({ length }, (_, place) => Number.parseInt(hex.slice(place * 2, place * 2 + 2), 16))
}

export const rsaKeyOf = (modulus: Uint8Array, exponent: Uint8Array): RsaKey => {
  const n = integerOf(modulus)
  return { modulus: n, exponent: integerOf(exponent), bits: n.toString(2).length }
}

/** RSAVP1 (RFC 8017 5.2.2) of a signature that must have the modulus's length; null where it cannot be one. */
const opened = ({ modulus, exponent, bits }: RsaKey, signature: Uint8Array, length: number): Uint8Array | null => {
  if (signature.length !== Math.ceil(bits / 8)) return null
  let base = integerOf(signature)
  if (base >= modulus) return null
  let result = 1n
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * base) % modulus
    base = (base * base) % modulus
  }
  return result >> BigInt(length * 8) === 0n ? bytesOf(result, length) : null
}

const same = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && left.every((byte, place) => byte === right[place])

/** DigestInfo before the digest (RFC 8017 9.2, note 1). */
const DIGEST_INFO: Readonly<Record<HashName, readonly number[]>> = {
  sha256: [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
  ],
  sha384: [
    0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30,
  ],
  sha512: [
    0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40,
  ],
}

/** RSASSA-PKCS1-v1_5 (RFC 8017 8.2.2): what was signed is built, and compared whole; nothing of it is parsed. */
export const verifyPkcs1 = (key: RsaKey, hash: HashName, data: Uint8Array, signature: Uint8Array): boolean => {
  const length = Math.ceil(key.bits / 8)
  const message = opened(key, signature, length)
  const tail = [...DIGEST_INFO[hash], ...HASHES[hash](data)]
  const padding = length - tail.length - 3
  if (!message || padding < 8) return false
  return same(message, Uint8Array.from([0, 1, ...Array.from({ length: padding }, () => 0xff), 0, ...tail]))
}

/** MGF1 (RFC 8017 B.2.1). */
const mask = (hash: HashName, seed: Uint8Array, length: number): Uint8Array => {
  const made: number[] = []
  for (let counter = 0; made.length < length; counter += 1) {
    const block = Uint8Array.from([
      ...seed,
      counter >>> 24,
      (counter >>> 16) & 255,
      (counter >>> 8) & 255,
      counter & 255,
    ])
    made.push(...HASHES[hash](block))
  }
  return Uint8Array.from(made.slice(0, length))
}

/** RSASSA-PSS (RFC 8017 8.1.2, 9.1.2), MGF1 by the same hash, salt as long as the hash. */
export const verifyPss = (key: RsaKey, hash: HashName, data: Uint8Array, signature: Uint8Array): boolean => {
  const bits = key.bits - 1
  const length = Math.ceil(bits / 8)
  const message = opened(key, signature, length)
  const digest = HASHES[hash](data)
  const size = digest.length
  if (!message || length < 2 * size + 2 || message.at(-1) !== 0xbc) return false
  const masked = message.subarray(0, length - size - 1)
  const checked = message.subarray(length - size - 1, -1)
  const unused = 8 * length - bits
  if ((masked[0] ?? 0) >> (8 - unused) !== 0) return false
  const opening = mask(hash, checked, masked.length)
  const block = masked.map((byte, place) => byte ^ (opening[place] ?? 0))
  block[0] = (block[0] ?? 0) & (0xff >> unused)
  const zeros = masked.length - size - 1
  if (block.subarray(0, zeros).some((byte) => byte !== 0) || block[zeros] !== 1) return false
  const salt = block.subarray(zeros + 1)
  return same(HASHES[hash](Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, ...digest, ...salt])), checked)
}
