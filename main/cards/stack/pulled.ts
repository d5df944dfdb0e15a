import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '../../../shared/contract/errors.ts'
import type { ReaderSource } from '../reader/reader.ts'

/** Readers are asked for their state by the system two or three times a second. */
const NOTICE_MS = 900
const STEP_MS = 20

/**
 * Runs `use`; where it fails for a reason of the transport (PC/SC, a PKCS#11 module), waits until the reader may have
 * noticed that the card is gone, and says CARD_REMOVED then: a card pulled inside a command shows as a dozen different
 * errors first. An answer of the card itself (`sw`) is passed on at once.
 */
export async function tellPulled<T>(source: ReaderSource, reader: string, use: () => Promise<T>): Promise<T> {
  const insertion = insertionOf(source, reader)
  try {
    return await use()
  } catch (error) {
    if (!(error instanceof AppError) || !isOfTransport(error)) throw error
    const end = Date.now() + NOTICE_MS
    while (Date.now() < end && insertionOf(source, reader) === insertion) await pause(STEP_MS)
    if (insertionOf(source, reader) === insertion) throw error
    throw new AppError('CARD_REMOVED', { ...error.detail, reader }, { cause: error })
  }
}

function isOfTransport(error: AppError): boolean {
  const { detail, code } = error
  if (code === 'CARD_REMOVED' || code.startsWith('CARD_PIN') || code.startsWith('READER_')) return false
  return 'pcsc' in detail || 'ckr' in detail || code === 'CARD_MUTE'
}

/** Null while there is no card. */
function insertionOf(source: ReaderSource, reader: string): number | null {
  const status = source.list().find(({ name }) => name === reader)
  return status?.present === true ? status.insertion : null
}
