import { createPublicKey } from 'node:crypto'
import { keyAlgorithmOf, PkiError, publicKeyInfo, type KeyAlgorithm } from '../../../shared/pki/index.ts'
import type { PublicHalf } from '../pkcs11/objects.ts'
import { EC_PARAMETERS } from '../pkcs11/recipes.ts'

export interface PublicKey {
  readonly spki: Uint8Array
  readonly algorithm: KeyAlgorithm
}

/** The public half as SubjectPublicKeyInfo; null for a key of a kind this product does not use. */
export function readPublicKey(half: PublicHalf): PublicKey | null {
  try {
    const spki = half.type === 'rsa' ? rsaSpki(half.modulus, half.exponent) : ecSpki(half.parameters, half.point)
    const algorithm = keyAlgorithmOf(publicKeyInfo(spki))
    return algorithm && { spki, algorithm }
  } catch (error) {
    // Curves and sizes that are none of ours.
    if (error instanceof PkiError) return null
    throw error
  }
}

function rsaSpki(modulus: string, exponent: string): Uint8Array {
  const text = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')
  const key = createPublicKey({ key: { kty: 'RSA', n: text(modulus), e: text(exponent) }, format: 'jwk' })
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }))
}

/** CKA_EC_POINT is an OCTET STRING around the point (PKCS#11 2.40, 2.3.3); some modules leave that out. */
function ecSpki(parameters: string, wrapped: string): Uint8Array {
  const octets = Buffer.from(wrapped, 'hex')
  const point = withoutWrapping(octets)
  const oid = Buffer.from(parameters, 'hex')
  const algorithm =
    parameters === EC_PARAMETERS.ed25519
      ? tlv(0x30, Buffer.from('06032b6570', 'hex'))
      : tlv(0x30, Buffer.from('06072a8648ce3d0201', 'hex'), oid)
  return new Uint8Array(tlv(0x30, algorithm, tlv(3, Buffer.from([0]), point)))
}

function withoutWrapping(octets: Buffer): Buffer {
  if (octets[0] !== 4) return octets
  if (octets[1] === octets.length - 2) return octets.subarray(2)
  return octets[1] === 0x81 && octets[2] === octets.length - 3 ? octets.subarray(3) : octets
}

function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const head = body.length < 128 ? [tag, body.length] : [tag, 0x81, body.length]
  return Buffer.concat([Buffer.from(head), body])
}
