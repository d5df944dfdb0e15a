import { AppError } from '../../shared/contract/index.ts'
import { NOTE_WRAPPING_KEY } from '../audit/checkpoint-key.ts'
import { isChainKeyLabel } from '../foundation.ts'
import { SESSION_WRAPPING_KEY } from '../identity/sessions.ts'
import { WRAPPING_KEY } from '../vault/envelope.ts'

const SEALING: readonly string[] = [WRAPPING_KEY, SESSION_WRAPPING_KEY, NOTE_WRAPPING_KEY]

/**
 * Refuses labels the server looks for by itself: a key of such a name comes from the command that brings it into use.
 * Throws REQUEST_INVALID (`reserved`).
 */
export const freeLabel = (label: string): string => {
  if (isChainKeyLabel(label) || label.startsWith('ca.') || SEALING.includes(label))
    throw new AppError('REQUEST_INVALID', { path: '--label', reason: 'reserved' })
  return label
}

const BASE_MAX = 26

/**
 * `export`, then `export.2` and so on, above every number that was in force before: an old key never comes back by
 * itself. A key that lies there under the label already was made for this.
 */
export const labelAfter = (first: string, used: readonly string[]): string => {
  const base = first.startsWith('id:') ? 'export' : first.slice(0, BASE_MAX)
  const counts = used.flatMap((label) => {
    const [, count] = label.startsWith(`${base}.`) ? (/^\.([1-9]\d{0,4})$/.exec(label.slice(base.length)) ?? []) : []
    return count === undefined ? [] : [Number(count)]
  })
  return `${base}.${Math.max(1, ...counts) + 1}`
}
