import { AppError, type ErrorCode } from '../../../shared/contract/errors.ts'
import type { Answer } from '../reader/apdu.ts'

/** Which code the command was about: it decides what 63Cx and 6983 mean. */
export type About = 'pin' | 'puk' | 'management-key' | 'object' | 'other'

const WRONG: Readonly<Partial<Record<About, ErrorCode>>> = {
  pin: 'CARD_PIN_WRONG',
  puk: 'CARD_PUK_WRONG',
  'management-key': 'CARD_MANAGEMENT_KEY_WRONG',
}
const BLOCKED: Readonly<Partial<Record<About, ErrorCode>>> = { pin: 'CARD_PIN_BLOCKED', puk: 'CARD_PUK_BLOCKED' }

/** Status word of SP 800-73-4 part 1 table 6 (and ISO/IEC 7816-4 §5.1.3) as an error; null for 9000. */
export function statusError(sw: number, about: About): AppError | null {
  if (sw === 0x9000) return null
  const detail = { sw: sw.toString(16).toUpperCase().padStart(4, '0') }
  const wrong = WRONG[about]
  const blocked = BLOCKED[about]
  if ((sw & 0xfff0) === 0x63c0) {
    const triesLeft = sw & 0x0f
    if (triesLeft === 0 && blocked !== undefined) return new AppError(blocked, detail)
    return new AppError(wrong ?? 'CARD_COMMAND_FAILED', { ...detail, triesLeft })
  }
  if (sw === 0x6983 && blocked !== undefined) return new AppError(blocked, detail)
  if (about === 'management-key' && (sw === 0x6982 || sw === 0x6300))
    return new AppError('CARD_MANAGEMENT_KEY_WRONG', detail)
  if (sw === 0x6a80 && (about === 'pin' || about === 'puk')) return new AppError('CARD_PIN_POLICY', detail)
  if (sw === 0x6d00 || sw === 0x6e00 || sw === 0x6a81) return new AppError('CARD_UNSUPPORTED', detail)
  if (sw === 0x6a84) return new AppError('CARD_COMMAND_FAILED', { ...detail, reason: 'full' })
  if (sw === 0x6982) return new AppError('CARD_COMMAND_FAILED', { ...detail, reason: 'not-allowed' })
  return new AppError('CARD_COMMAND_FAILED', detail)
}

/** The data of an answer that must be 9000; throws `statusError`. */
export function expectOk(answer: Answer, about: About): Uint8Array {
  const error = statusError(answer.sw, about)
  if (error !== null) throw error
  return answer.data
}
