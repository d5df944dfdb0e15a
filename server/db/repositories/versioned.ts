import type { UpdateResult } from 'kysely'
import { AppError } from '../../../shared/contract/errors.ts'

/**
 * An update that named the version it was made for must have met it. Where two transactions run at once (PostgreSQL)
 * the later one finds none. Throws REQUEST_CONFLICT (`version`): read again, and try again.
 */
export const assertMet = (result: UpdateResult): void => {
  if (result.numUpdatedRows !== 1n) throw new AppError('REQUEST_CONFLICT', { reason: 'version' })
}
