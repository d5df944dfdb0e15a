import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '../../../shared/contract/errors.ts'

// One sealed form for key files and wrapped data keys: AES-256-GCM (NIST SP 800-38D), 12-octet nonce, 16-octet tag.
const NONCE_OCTETS = 12
const TAG_OCTETS = 16

/** nonce ‖ ciphertext ‖ tag. `purpose` is bound in: what was sealed for one purpose does not open for another. */
export function seal(key: Uint8Array, purpose: string, plain: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_OCTETS)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(purpose))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Throws SEALED_INVALID. The caller wipes what it gets. */
export function unseal(key: Uint8Array, purpose: string, sealed: Uint8Array): Buffer {
  if (sealed.length < NONCE_OCTETS + TAG_OCTETS) throw new AppError('SEALED_INVALID')
  const tagAt = sealed.length - TAG_OCTETS
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_OCTETS), {
    authTagLength: TAG_OCTETS,
  })
  decipher.setAAD(Buffer.from(purpose))
  decipher.setAuthTag(sealed.subarray(tagAt))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_OCTETS, tagAt)), decipher.final()])
  } catch (error) {
    throw new AppError('SEALED_INVALID', {}, { cause: error })
  }
}

const base64 = z.base64().min(1).max(16_384)

/** `store.json`: how the passphrase becomes the store's key (RFC 7914), and a value only that key opens. */
export const storeHeader = z.strictObject({
  format: z.literal('countersign-keystore/1'),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    salt: base64,
    n: z.literal(32_768),
    r: z.literal(8),
    p: z.literal(1),
  }),
  check: base64,
})

/** `LABEL.key.json`: a PKCS#8 key, or the 32 octets of a wrapping key, sealed under the store's key. */
export const keyFile = z.strictObject({
  format: z.literal('countersign-key/1'),
  label: z.string(),
  algorithm: z.enum([
    'ecdsa-p256',
    'ecdsa-p384',
    'ecdsa-p521',
    'rsa-2048',
    'rsa-3072',
    'rsa-4096',
    'ed25519',
    'aes-256',
  ]),
  sealed: base64,
})
export type KeyFile = z.output<typeof keyFile>
