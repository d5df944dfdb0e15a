import { AppError } from '../../shared/contract/errors.ts'
import type { PendingIntent } from '../db/repositories/audit-intents.ts'
import { isReserved } from './intent.ts'
import type { AuditIntent } from './intent.ts'

/** An intent a writer came with, or the database had. */
export interface Given {
  readonly intent: AuditIntent
  /** Whether it is in the database as well, committed with the change it tells of. */
  readonly isRecorded: boolean
}

/** What a row of the operational database says. Throws AUDIT_CHAIN_UNWRITABLE: `intent-altered`, `intent-reserved`. */
export const readIntent = ({ id, body }: PendingIntent): Given => {
  const intent = JSON.parse(body) as AuditIntent
  // The table's id decides what is done once; the body must not say another.
  if (intent.id !== id) throw new AppError('AUDIT_CHAIN_UNWRITABLE', { reason: 'intent-altered', intent: id })
  // Who writes to this table is not who may bring in keys. It stays where it is, for somebody to look at.
  if (isReserved(intent)) throw new AppError('AUDIT_CHAIN_UNWRITABLE', { reason: 'intent-reserved', intent: id })
  return { intent, isRecorded: true }
}
