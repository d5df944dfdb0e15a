import { AppError } from '../../../shared/contract/errors.ts'
import { DOMAINS } from '../../../shared/audit/link.ts'
import { sha256 } from './audit-bytes.ts'

// Stands in for shared/audit/payload-digest.ts where there is no node:crypto.

export const SALT_BYTES = 16
export const newSalt = (): Uint8Array => crypto.getRandomValues(new Uint8Array(SALT_BYTES))

export const payloadDigest = (salt: Uint8Array, bytes: Uint8Array): Uint8Array => {
  if (salt.length !== SALT_BYTES) throw new AppError('REQUEST_INVALID', { reason: 'salt' })
  return sha256(DOMAINS.payload, salt, bytes)
}
