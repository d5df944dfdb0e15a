import {
  constants,
  createCipheriv,
  createDecipheriv,
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  privateDecrypt,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'
import { put } from './card-tlv.ts'
import { MANAGEMENT_CIPHERS } from './card-state.ts'

const makePair = promisify(generateKeyPair)

interface Curve {
  name: string
  ecdh: string
  bytes: number
  order: bigint
}
export const CURVES: Readonly<Record<number, Curve>> = {
  0x11: {
    name: 'P-256',
    ecdh: 'prime256v1',
    bytes: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  0x14: {
    name: 'P-384',
    ecdh: 'secp384r1',
    bytes: 48,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
}
export const RSA_2048 = 0x07

/** New key pair as PKCS#8 DER base64; null for an algorithm the card does not have. Not blocking: RSA takes its time. */
export async function makeKey(algorithm: number): Promise<string | null> {
  const curve = CURVES[algorithm]
  if (curve === undefined && algorithm !== RSA_2048) return null
  const { privateKey } =
    curve === undefined
      ? await makePair('rsa', { modulusLength: 2048 })
      : await makePair('ec', { namedCurve: curve.name })
  return privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
}

export function loadKey(pkcs8: string): KeyObject {
  return createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), format: 'der', type: 'pkcs8' })
}

/** Public key template 7F49 (SP 800-73-4 part 2, table 11). */
export function publicTemplate(pkcs8: string): Buffer {
  const jwk = createPublicKey(loadKey(pkcs8)).export({ format: 'jwk' })
  const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url')
  if (jwk.kty === 'RSA') return put(0x7f49, put(0x81, bytes(jwk.n)), put(0x82, bytes(jwk.e)))
  return put(0x7f49, put(0x86, Buffer.from([4]), bytes(jwk.x), bytes(jwk.y)))
}

export function rsaRaw(pkcs8: string, block: Buffer): Buffer {
  return privateDecrypt({ key: loadKey(pkcs8), padding: constants.RSA_NO_PADDING }, block)
}

export function ecdh(algorithm: number, pkcs8: string, point: Buffer): Buffer {
  const side = createECDH(curveOf(algorithm).ecdh)
  side.setPrivateKey(privateScalar(pkcs8))
  return side.computeSecret(point)
}

/**
 * ECDSA over a value hashed elsewhere, which node:crypto does not offer: k·G through ECDH, the rest in integers.
 * Not constant in time: for a test card only.
 */
export function ecdsaRaw(algorithm: number, pkcs8: string, digest: Buffer): Buffer {
  const { ecdh, bytes, order } = curveOf(algorithm)
  const d = toInteger(privateScalar(pkcs8))
  const z = toInteger(digest.subarray(0, bytes))
  for (;;) {
    const nonce = createECDH(ecdh)
    nonce.generateKeys()
    const k = toInteger(nonce.getPrivateKey())
    const r = toInteger(nonce.getPublicKey().subarray(1, 1 + bytes)) % order
    const s = (inverse(k, order) * ((z + r * d) % order)) % order
    if (r !== 0n && s !== 0n) return put(0x30, derInteger(r), derInteger(s))
  }
}

export function managementCrypt(
  algorithm: number,
  keyHex: string,
  direction: 'encrypt' | 'decrypt',
  block: Buffer,
): Buffer {
  const name = MANAGEMENT_CIPHERS[algorithm]?.cipher ?? ''
  const key = Buffer.from(keyHex, 'hex')
  const cipher = direction === 'encrypt' ? createCipheriv(name, key, null) : createDecipheriv(name, key, null)
  cipher.setAutoPadding(false)
  return Buffer.concat([cipher.update(block), cipher.final()])
}

function curveOf(algorithm: number): Curve {
  const curve = CURVES[algorithm]
  if (curve === undefined) throw new Error('not a curve')
  return curve
}
const privateScalar = (pkcs8: string): Buffer =>
  Buffer.from(loadKey(pkcs8).export({ format: 'jwk' }).d ?? '', 'base64url')
const toInteger = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex') || '0'}`)

function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, t0, t1] = [modulus, value % modulus, 0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1, t0, t1] = [r1, r0 - quotient * r1, t1, t0 - quotient * t1]
  }
  return ((t0 % modulus) + modulus) % modulus
}

function derInteger(value: bigint): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex')
  return put(0x02, bytes.readUInt8(0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}
