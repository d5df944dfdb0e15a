import { contextTag, readBitOctets, readDer, readIntegerOctets, readNull, readOid, sequence } from './der-read.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import type { KeyAlgorithm, PublicKeyInfo } from './types.ts'

const CURVES: Readonly<
  Record<string, { readonly curve: 'p256' | 'p384' | 'p521'; readonly octets: number; readonly bits: number }>
> = {
  [OID.p256]: { curve: 'p256', octets: 32, bits: 256 },
  [OID.p384]: { curve: 'p384', octets: 48, bits: 384 },
  [OID.p521]: { curve: 'p521', octets: 66, bits: 521 },
}

/** Beyond this, one verification costs more than an honest key ever needs. */
const MAX_RSA_BITS = 8192

/**
 * The kind and size of the key in a SubjectPublicKeyInfo (RFC 5280 4.1.2.7, RFC 5480, RFC 8410). Named curves and
 * uncompressed points only. Throws PkiError `malformed`, `unsupported-algorithm`, `too-large`.
 */
export function publicKeyInfo(spki: Uint8Array): PublicKeyInfo {
  const outer = sequence(readDer(spki, 4096), 'SubjectPublicKeyInfo')
  const algorithm = sequence(outer.next(), 'AlgorithmIdentifier')
  const bits = readBitOctets(outer.next())
  outer.end()
  const oid = readOid(algorithm.next())
  if (oid === OID.rsaEncryption) {
    readNull(algorithm.next())
    algorithm.end()
    return rsaKey(bits)
  }
  if (oid === OID.ecPublicKey) {
    const parameters = algorithm.next()
    algorithm.end()
    if (parameters.tag === 0x30 || parameters.tag === contextTag(0, true)) {
      refuse('unsupported-algorithm', 'RFC 5480 2.1.1: named curves only')
    }
    const curveOid = readOid(parameters)
    const curve = CURVES[curveOid] ?? refuse('unsupported-algorithm', 'RFC 5480 2.1.1: curve', { oid: curveOid })
    if (bits.length !== 2 * curve.octets + 1 || bits[0] !== 4) refuse('malformed', 'RFC 5480 2.2: uncompressed point')
    return { kind: 'ec', curve: curve.curve, bits: curve.bits }
  }
  if (oid === OID.ed25519) {
    algorithm.end()
    if (bits.length !== 32) refuse('malformed', 'RFC 8410 4: Ed25519 key')
    return { kind: 'ed25519', bits: 256 }
  }
  if (oid === OID.dsa) refuse('dsa', 'FIPS 186-5 1: DSA is withdrawn', { oid })
  return refuse('unsupported-algorithm', 'RFC 5280 4.1.2.7: public key', { oid })
}

function rsaKey(encoded: Uint8Array): PublicKeyInfo {
  const key = sequence(readDer(encoded), 'RSAPublicKey')
  const modulus = readIntegerOctets(key.next())
  const exponent = readIntegerOctets(key.next())
  key.end()
  const magnitude = modulus[0] === 0 ? modulus.subarray(1) : modulus
  const first = magnitude[0] ?? 0
  if ((modulus[0] ?? 0x80) >= 0x80 || first === 0) refuse('malformed', 'RFC 8017 A.1.1: modulus')
  if ((exponent[0] ?? 0x80) >= 0x80 || ((exponent.at(-1) ?? 0) & 1) === 0) refuse('malformed', 'RFC 8017 3.1: exponent')
  // Small exponents make forgeries of badly padded signatures possible (NIST SP 800-56B 6.2: above 2^16).
  if (exponent.length < 3) refuse('weak-key', 'NIST SP 800-56B 6.2: public exponent')
  const bits = (magnitude.length - 1) * 8 + (32 - Math.clz32(first))
  if (bits > MAX_RSA_BITS) refuse('too-large', 'RSA modulus', { bits, limit: MAX_RSA_BITS })
  return { kind: 'rsa', bits }
}

/** Refuses RSA below 2048 bits with `weak-key` (ETSI TS 119 312, NIST SP 800-131A). */
export function verifyKeyStrength(key: PublicKeyInfo): void {
  if (key.kind === 'rsa' && key.bits < 2048) refuse('weak-key', 'NIST SP 800-131A 3: RSA', { bits: key.bits })
}

const CURVE_KEYS = { p256: 'ecdsa-p256', p384: 'ecdsa-p384', p521: 'ecdsa-p521' } as const

/** The product's name for a key it could have made, or null (odd RSA sizes). */
export function keyAlgorithmOf(key: PublicKeyInfo): KeyAlgorithm | null {
  if (key.kind === 'ed25519') return 'ed25519'
  if (key.kind === 'ec') return CURVE_KEYS[key.curve]
  return key.bits === 2048 ? 'rsa-2048' : key.bits === 3072 ? 'rsa-3072' : key.bits === 4096 ? 'rsa-4096' : null
}
