import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { AppError } from '../../shared/contract/index.ts'
import { readFileIfThere, writePrivateFile } from '../system/files.ts'

/** How the system keeps the store's key: plainly in a private file, or sealed by the login (Electron safeStorage). */
export interface KeySeal {
  seal(key: Uint8Array): Uint8Array
  open(sealed: Uint8Array): Uint8Array
}
export const plainSeal: KeySeal = { seal: (key) => key, open: (sealed) => sealed }

const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/** The key of the store, made on first use. Throws STORE_UNREADABLE where the file is there and cannot be opened. */
export function readStoreKey(file: string, seal: KeySeal): Uint8Array {
  const kept = readFileIfThere(file)
  if (kept !== null) {
    try {
      const key = seal.open(kept)
      if (key.length === KEY_BYTES) return key
    } catch (cause) {
      throw new AppError('STORE_UNREADABLE', { reason: 'key' }, { cause })
    }
    throw new AppError('STORE_UNREADABLE', { reason: 'key' })
  }
  const key = randomBytes(KEY_BYTES)
  writePrivateFile(file, seal.seal(key))
  return key
}

/** AES-256-GCM (NIST SP 800-38D), random 96-bit IV, `label` bound as AAD: a row moved to another name does not open. */
export function encrypt(key: Uint8Array, label: string, plain: Uint8Array): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(label))
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), body])
}

/** The plain bytes, or null where the row was altered, moved or made with another key. */
export function decrypt(key: Uint8Array, label: string, sealed: Uint8Array): Buffer | null {
  if (sealed.length < IV_BYTES + TAG_BYTES) return null
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES)).setAAD(Buffer.from(label))
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
  } catch {
    // The only failure of GCM is a tag that does not fit; nothing more can be known about why.
    return null
  }
}
