import { createHash, createPublicKey, X509Certificate, type JsonWebKey, type KeyObject } from 'node:crypto'
import { AppError } from '../../../shared/contract/errors.ts'
import type { CardKeyAlgorithm, Slot } from '../../../shared/contract/words.ts'
import type { CardChannel } from '../reader/apdu.ts'
import { encodeTlv, needTlv, parseTlv } from '../reader/tlv.ts'
import { expectOk } from './status.ts'
import { KEY_ALGORITHM, SLOT_REFERENCE } from './words.ts'

/** Makes a key pair on the card (SP 800-73-4 part 2 §3.3.2), the management key being open; gives SubjectPublicKeyInfo DER. */
export async function generateKey(card: CardChannel, slot: Slot, algorithm: CardKeyAlgorithm): Promise<Uint8Array> {
  const data = encodeTlv(0xac, encodeTlv(0x80, Uint8Array.of(KEY_ALGORITHM[algorithm])))
  const answer = await card.send({ ins: 0x47, p1: 0, p2: SLOT_REFERENCE[slot], data, le: 256 })
  const template = parseTlv(needTlv(parseTlv(expectOk(answer, 'other')), 0x7f49))
  const key = createPublicKey({ key: publicJwk(algorithm, template), format: 'jwk' })
  return Uint8Array.from(key.export({ type: 'spki', format: 'der' }))
}

/**
 * Signs `data` with a slot's key, hashing here: RSA as PKCS#1 v1.5 over SHA-256, P-256 with SHA-256, P-384 with SHA-384
 * (part 2 §3.2.4, appendix A.4). ECDSA comes as DER. The PIN must have been verified, for 9C by the command before.
 */
export async function signWithSlot(
  card: CardChannel,
  slot: Slot,
  algorithm: CardKeyAlgorithm,
  data: Uint8Array,
): Promise<Uint8Array> {
  const input = algorithm === 'rsa-2048' ? pkcs1(digestOf(algorithm, data)) : digestOf(algorithm, data)
  const template = encodeTlv(0x7c, encodeTlv(0x82), encodeTlv(0x81, input))
  const p1 = KEY_ALGORITHM[algorithm]
  const answer = await card.send({ ins: 0x87, p1, p2: SLOT_REFERENCE[slot], data: template, le: 256 })
  const fields = parseTlv(needTlv(parseTlv(expectOk(answer, 'other')), 0x7c))
  return Uint8Array.from(needTlv(fields, 0x82))
}

/** Digest a card key signs over. */
export function digestOf(algorithm: CardKeyAlgorithm, data: Uint8Array): Uint8Array {
  return createHash(algorithm === 'ecdsa-p384' ? 'sha384' : 'sha256')
    .update(data)
    .digest()
}

/** DER of DigestInfo for SHA-256 without the digest (RFC 8017 §9.2 note 1). */
export const SHA256_DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')

/** EMSA-PKCS1-v1_5 for a 2048-bit modulus (RFC 8017 §9.2). */
function pkcs1(digest: Uint8Array): Uint8Array {
  const info = Buffer.concat([SHA256_DIGEST_INFO, digest])
  const block = Buffer.alloc(256, 0xff)
  block[0] = 0
  block[1] = 1
  block[block.length - info.length - 1] = 0
  info.copy(block, block.length - info.length)
  return block
}

/** Which of our algorithms a certificate's key is. CARD_UNSUPPORTED for any other. */
export function algorithmOf(certificate: Uint8Array): CardKeyAlgorithm {
  const key = parseX509(certificate).publicKey
  const found = keyAlgorithm(key)
  if (found === null) throw new AppError('CARD_UNSUPPORTED', { reason: 'key-algorithm' })
  return found
}

/** Reads a certificate a card gave. CARD_UNSUPPORTED for bytes that are none. */
export function parseX509(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch (error) {
    throw new AppError('CARD_UNSUPPORTED', { reason: 'certificate-unreadable' }, { cause: error })
  }
}

function keyAlgorithm(key: KeyObject): CardKeyAlgorithm | null {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') return modulusLength === 2048 ? 'rsa-2048' : null
  if (key.asymmetricKeyType !== 'ec') return null
  return namedCurve === 'prime256v1' ? 'ecdsa-p256' : namedCurve === 'secp384r1' ? 'ecdsa-p384' : null
}

function publicJwk(algorithm: CardKeyAlgorithm, template: ReturnType<typeof parseTlv>): JsonWebKey {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  if (algorithm === 'rsa-2048')
    return { kty: 'RSA', n: text(needTlv(template, 0x81)), e: text(needTlv(template, 0x82)) }
  const [crv, size] = algorithm === 'ecdsa-p256' ? ['P-256', 32] : (['P-384', 48] as const)
  const point = needTlv(template, 0x86)
  if (point.length !== 1 + 2 * size || point[0] !== 4)
    throw new AppError('CARD_COMMAND_FAILED', { reason: 'public-key' })
  return { kty: 'EC', crv, x: text(point.subarray(1, 1 + size)), y: text(point.subarray(1 + size)) }
}
