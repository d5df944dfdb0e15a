import { AppError } from '../../shared/contract/errors.ts'

/** A key's label becomes a file name and a token attribute, so it may hold nothing that means something to either. */
export function parseLabel(label: string): string {
  if (!/^[a-z0-9][a-z0-9.-]{0,31}$/.test(label)) throw new AppError('REQUEST_INVALID', { field: 'label' })
  return label
}

/** 16 to 64 octets. */
export function parseDataKey(dataKey: Uint8Array): Uint8Array {
  if (dataKey.length < 16 || dataKey.length > 64) throw new AppError('REQUEST_INVALID', { field: 'dataKey' })
  return dataKey
}

/** 1 to 4096. */
export function parseRandomLength(bytes: number): number {
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > 4096) throw new AppError('REQUEST_INVALID', { field: 'bytes' })
  return bytes
}
