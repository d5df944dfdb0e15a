import { safeStorage } from 'electron'
import type { Log } from '../services/ports.ts'
import { type KeySeal, plainSeal } from '../store/crypto.ts'

const SEALED = Buffer.from('sealed1:')

/**
 * Keeps the store's key sealed by the operator's login (DPAPI, Keychain, libsecret). Where the system has no such place
 * the key lies in a private file, and the log says so. A key kept plainly before is still read.
 */
export function loginSeal(log: Log): KeySeal {
  const isReal = process.platform !== 'linux' || safeStorage.getSelectedStorageBackend() !== 'basic_text'
  if (!safeStorage.isEncryptionAvailable() || !isReal) {
    log.warn('store.key-not-sealed')
    return plainSeal
  }
  return {
    seal: (key) => Buffer.concat([SEALED, safeStorage.encryptString(Buffer.from(key).toString('base64'))]),
    open: (kept) => {
      const bytes = Buffer.from(kept)
      if (!bytes.subarray(0, SEALED.length).equals(SEALED)) return kept
      return Buffer.from(safeStorage.decryptString(bytes.subarray(SEALED.length)), 'base64')
    },
  }
}
