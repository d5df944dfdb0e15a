import { AppError, type ErrorCode } from '../../../shared/contract/errors.ts'

/** CKR_* of PKCS#11 v2.40 §11.1 that have a meaning for a person. */
const CODES: ReadonlyMap<number, ErrorCode> = new Map([
  [0x32, 'CARD_REMOVED'], // CKR_DEVICE_REMOVED
  [0xa0, 'CARD_PIN_WRONG'],
  [0xa1, 'CARD_PIN_POLICY'],
  [0xa2, 'CARD_PIN_POLICY'],
  [0xa3, 'CARD_PIN_BLOCKED'], // CKR_PIN_EXPIRED: no way on but the help desk
  [0xa4, 'CARD_PIN_BLOCKED'],
  [0xb3, 'CARD_REMOVED'], // CKR_SESSION_HANDLE_INVALID: what a removed card leaves
  [0xe0, 'CARD_NOT_PRESENT'],
  [0xe1, 'CARD_UNKNOWN'],
])

/** A module's error as ours, its number kept; an `AppError` passes as it is. */
export function moduleError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const code = typeof error === 'object' && error !== null && 'code' in error ? Number(error.code) : Number.NaN
  const detail = Number.isNaN(code) ? { reason: 'module' } : { reason: 'module', ckr: `0x${code.toString(16)}` }
  return new AppError(CODES.get(code) ?? 'CARD_COMMAND_FAILED', detail, { cause: error })
}
