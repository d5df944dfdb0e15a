import { AppError } from '../contract/errors.ts'
import { sha256, sha256Text } from './bytes.ts'
import { DOMAINS } from './link.ts'

/** Bytes of salt: enough that an erased payload cannot be found again by guessing its content. */
export const SALT_BYTES = 16
export const newSalt = (): Uint8Array => crypto.getRandomValues(new Uint8Array(SALT_BYTES))

const assertSalt = (salt: Uint8Array): void => {
  if (salt.length !== SALT_BYTES) throw new AppError('REQUEST_INVALID', { reason: 'salt' })
}

/** SHA-256 over domain, salt (SALT_BYTES, so that salt and payload cannot trade bytes) and payload. */
export const payloadDigest = (salt: Uint8Array, bytes: Uint8Array): Uint8Array => {
  assertSalt(salt)
  return sha256(DOMAINS.payload, salt, bytes)
}

/** The same as an entry writes it, base64url. */
export const payloadDigestText = (salt: Uint8Array, bytes: Uint8Array): string => {
  assertSalt(salt)
  return sha256Text(DOMAINS.payload, salt, bytes)
}
