import pkcs11js from 'pkcs11js'
import { existsSync } from 'node:fs'
import { unavailable } from '../failure.ts'
import { codeOf, translate } from './ck-error.ts'

export type Cryptoki = pkcs11js.PKCS11

interface Loaded {
  readonly cryptoki: Cryptoki
  users: number
  /** False where another part of the process initialised the library: then it is not ours to end. */
  readonly ours: boolean
}

/** C_Initialize counts per process, not per caller (PKCS#11 2.40, 5.4), so loaded modules are shared and counted. */
const loaded = new Map<string, Loaded>()

/** Loads and initialises a module, or shares it. Throws HSM_UNAVAILABLE `library-missing`, `device`. */
export function acquireModule(libraryPath: string): Cryptoki {
  const known = loaded.get(libraryPath)
  if (known) {
    known.users++
    return known.cryptoki
  }
  if (!existsSync(libraryPath)) throw unavailable('library-missing', { libraryPath })
  const cryptoki = new pkcs11js.PKCS11()
  try {
    cryptoki.load(libraryPath)
  } catch (error) {
    throw unavailable('library-missing', { libraryPath }, error)
  }
  loaded.set(libraryPath, { cryptoki, users: 1, ours: initialize(cryptoki) })
  return cryptoki
}

function initialize(cryptoki: Cryptoki): boolean {
  try {
    cryptoki.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK })
    return true
  } catch (error) {
    if (codeOf(error) === pkcs11js.CKR_CRYPTOKI_ALREADY_INITIALIZED) return false
    cryptoki.close()
    throw translate(error)
  }
}

/** Gives a module back; the last one ends it. */
export function releaseModule(libraryPath: string): void {
  const known = loaded.get(libraryPath)
  if (!known || --known.users > 0) return
  loaded.delete(libraryPath)
  if (known.ours) known.cryptoki.C_Finalize()
  known.cryptoki.close()
}

/** Token labels are 32 octets, padded with blanks (PKCS#11 2.40, CK_TOKEN_INFO). */
export const padTokenLabel = (label: string): string => label.padEnd(32, ' ')

/** The slot whose initialised token has this label, or null. */
export function findTokenSlot(cryptoki: Cryptoki, label: string): pkcs11js.Handle | null {
  const found = cryptoki.C_GetSlotList(true).find((slot) => {
    const info = cryptoki.C_GetTokenInfo(slot)
    return (info.flags & pkcs11js.CKF_TOKEN_INITIALIZED) !== 0 && info.label.trimEnd() === label
  })
  return found ?? null
}
