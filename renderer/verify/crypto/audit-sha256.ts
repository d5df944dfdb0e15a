import { encodeBase64url } from '../../../shared/audit/base64url.ts'
import { HASHES } from './hashes.ts'

// Stands in for shared/audit/sha256.ts where there is no node:crypto.

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const state = HASHES.sha256.create()
  for (const part of parts) state.update(part)
  return state.digest()
}

export const sha256Text = (...parts: readonly Uint8Array[]): string => encodeBase64url(sha256(...parts))
