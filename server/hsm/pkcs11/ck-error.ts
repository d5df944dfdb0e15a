import pkcs11js from 'pkcs11js'
import { AppError } from '../../../shared/contract/errors.ts'
import { unavailable, type HsmReason } from '../failure.ts'

/** The CK_RV of an error, or null where it is none. */
export const codeOf = (error: unknown): number | null => (error instanceof pkcs11js.Pkcs11Error ? error.code : null)

const REASONS = new Map<number, HsmReason>([
  [pkcs11js.CKR_PIN_INCORRECT, 'pin-wrong'],
  [pkcs11js.CKR_PIN_INVALID, 'pin-wrong'],
  [pkcs11js.CKR_PIN_LEN_RANGE, 'pin-wrong'],
  [pkcs11js.CKR_PIN_LOCKED, 'pin-locked'],
  [pkcs11js.CKR_PIN_EXPIRED, 'pin-locked'],
  [pkcs11js.CKR_USER_PIN_NOT_INITIALIZED, 'token-missing'],
  [pkcs11js.CKR_TOKEN_NOT_PRESENT, 'token-missing'],
  [pkcs11js.CKR_TOKEN_NOT_RECOGNIZED, 'token-missing'],
  [pkcs11js.CKR_SLOT_ID_INVALID, 'token-missing'],
  [pkcs11js.CKR_DEVICE_REMOVED, 'token-missing'],
  // The call was wrong for this module or key; module and session are well.
  [pkcs11js.CKR_ATTRIBUTE_TYPE_INVALID, 'refused'],
  [pkcs11js.CKR_ATTRIBUTE_VALUE_INVALID, 'refused'],
  [pkcs11js.CKR_DATA_INVALID, 'refused'],
  [pkcs11js.CKR_DATA_LEN_RANGE, 'refused'],
  [pkcs11js.CKR_FUNCTION_NOT_SUPPORTED, 'refused'],
  [pkcs11js.CKR_KEY_FUNCTION_NOT_PERMITTED, 'refused'],
  [pkcs11js.CKR_KEY_SIZE_RANGE, 'refused'],
  [pkcs11js.CKR_KEY_TYPE_INCONSISTENT, 'refused'],
  [pkcs11js.CKR_MECHANISM_INVALID, 'refused'],
  [pkcs11js.CKR_MECHANISM_PARAM_INVALID, 'refused'],
  [pkcs11js.CKR_TEMPLATE_INCOMPLETE, 'refused'],
  [pkcs11js.CKR_TEMPLATE_INCONSISTENT, 'refused'],
])

/** Any error of the module as HSM_UNAVAILABLE; its own name stays in the detail. AppErrors pass. */
export function translate(error: unknown): AppError {
  if (error instanceof AppError) return error
  const code = codeOf(error)
  if (code === null) return unavailable('device', {}, error)
  return unavailable(REASONS.get(code) ?? 'device', { rv: `0x${code.toString(16)}` }, error)
}

/** The session, the login or the handle is gone, the token is not: a new login may go on (once). */
const LOST = new Set<number>([
  pkcs11js.CKR_SESSION_HANDLE_INVALID,
  pkcs11js.CKR_SESSION_CLOSED,
  pkcs11js.CKR_USER_NOT_LOGGED_IN,
  pkcs11js.CKR_OBJECT_HANDLE_INVALID,
  pkcs11js.CKR_KEY_HANDLE_INVALID,
  pkcs11js.CKR_DEVICE_REMOVED,
  pkcs11js.CKR_TOKEN_NOT_PRESENT,
  pkcs11js.CKR_CRYPTOKI_NOT_INITIALIZED,
])

export const isSessionLost = (error: unknown): boolean => LOST.has(codeOf(error) ?? -1)
