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

/** Which token: all that is given must fit. */
export interface TokenName {
  readonly tokenLabel?: string | undefined
  readonly tokenSerial?: string | undefined
}

const isNamed = ({ tokenLabel, tokenSerial }: TokenName, info: pkcs11js.TokenInfo): boolean =>
  (info.flags & pkcs11js.CKF_TOKEN_INITIALIZED) !== 0 &&
  (tokenLabel === undefined || info.label.trimEnd() === tokenLabel) &&
  (tokenSerial === undefined || info.serialNumber.replace(/[\0 ]+$/, '') === tokenSerial)

/** Slots whose initialised token is named so. A slot that cannot be read is none: it must not hide the others. */
export const findTokenSlots = (cryptoki: Cryptoki, name: TokenName): pkcs11js.Handle[] =>
  cryptoki.C_GetSlotList(true).filter((slot) => {
    try {
      return isNamed(name, cryptoki.C_GetTokenInfo(slot))
    } catch (error) {
      if (codeOf(error) === null) throw error
      return false
    }
  })

/** The slot whose initialised token has this label, or null. */
export const findTokenSlot = (cryptoki: Cryptoki, tokenLabel: string): pkcs11js.Handle | null =>
  findTokenSlots(cryptoki, { tokenLabel })[0] ?? null
