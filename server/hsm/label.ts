import { AppError } from '../../shared/contract/errors.ts'

const LABEL = /^[a-z0-9][a-z0-9.-]{0,31}$/
const ID = /^id:(?:[0-9a-f]{2}){1,64}$/

/** A key's label becomes a file name and a token attribute, so it may hold nothing that means something to either. */
export function parseLabel(label: string): string {
  if (!LABEL.test(label)) throw new AppError('REQUEST_INVALID', { field: 'label' })
  return label
}

/** A label, or `id:` and a CKA_ID in lower-case hex. */
export function parseKeyName(name: string): string {
  return ID.test(name) ? name : parseLabel(name)
}

/** The name by which a key of the store is asked for; null where neither label nor id can be one. */
export function keyNameOf(label: string, id: string): string | null {
  if (LABEL.test(label)) return label
  return ID.test(`id:${id}`) ? `id:${id}` : null
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
