import type { AuditAction } from '../../shared/contract/index.ts'
import type { Json } from '../../shared/audit/json.ts'
import { recordIntent } from '../audit/index.ts'
import { inTransaction, newId } from '../db/index.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { Ground } from './ground.ts'

export interface KeyAct {
  readonly action: Extract<AuditAction, 'Insertion' | 'Modification' | 'KeyUse'>
  /** SHA-256 of the key's SubjectPublicKeyInfo, hex; of many keys the key store's name in the configuration. */
  readonly id: string
  readonly before?: Json | null
  readonly after: Json
}

/**
 * Keeps what was done with a key, as an intent, and in the same transaction what it changed: who writes the chain next
 * makes it an entry. So these commands work beside a running server.
 */
export const recordKeyAct = (
  { databases, tenant, entered }: Ground,
  { action, id, before = null, after }: KeyAct,
  change: (trx: OperationalTransaction) => Promise<void> = () => Promise.resolve(),
): Promise<void> =>
  inTransaction(databases.operational.db, async (trx) => {
    await change(trx)
    await recordIntent(trx, {
      id: newId('intent'),
      at: Date.now(),
      tenant,
      operator: null,
      station: null,
      action,
      object: { type: 'key', id },
      correlationId: entered.correlationId,
      before,
      after,
      reason: 'shell',
    })
  })
