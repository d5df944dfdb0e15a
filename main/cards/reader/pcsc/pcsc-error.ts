import { AppError, type ErrorCode } from '../../../../shared/contract/errors.ts'

/** Error names of the binding, which are those of PC/SC without `SCARD_E_` and `SCARD_W_`. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  NoSmartCard: 'CARD_NOT_PRESENT',
  CardRemoved: 'CARD_REMOVED',
  RemovedCard: 'CARD_REMOVED',
  UnresponsiveCard: 'CARD_MUTE',
  CardUnresponsive: 'CARD_MUTE',
  UnpoweredCard: 'CARD_MUTE',
  CardUnpowered: 'CARD_MUTE',
  UnsupportedCard: 'CARD_UNKNOWN',
  CardUnsupported: 'CARD_UNKNOWN',
  ProtoMismatch: 'CARD_UNKNOWN',
  SharingViolation: 'CARD_BUSY',
  ResetCard: 'CARD_BUSY',
  CardReset: 'CARD_BUSY',
  CardIsBusy: 'CARD_BUSY',
  UnknownReader: 'READER_NOT_FOUND',
  ReaderUnavailable: 'READER_NOT_FOUND',
  NoReadersAvailable: 'READER_NOT_FOUND',
  NoService: 'READER_SERVICE_DOWN',
  ServiceStopped: 'READER_SERVICE_DOWN',
  CommError: 'READER_SERVICE_DOWN',
  CommDataLost: 'CARD_REMOVED',
  NotTransacted: 'CARD_REMOVED',
  Timeout: 'CARD_TIMEOUT',
}

/** A PC/SC error as ours; an `AppError` passes as it is. */
export function pcscError(error: unknown, reader: string): AppError {
  if (error instanceof AppError) return error
  const name = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown'
  const code = CODES[name] ?? 'CARD_COMMAND_FAILED'
  return new AppError(code, { reader, pcsc: name }, { cause: error })
}
