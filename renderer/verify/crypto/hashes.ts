import { sha1 } from '@noble/hashes/legacy.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import type { HashName } from '../../../shared/pki/types.ts'

export const HASHES = { sha256, sha384, sha512 } as const satisfies Readonly<Record<HashName, unknown>>
export { sha1 }
