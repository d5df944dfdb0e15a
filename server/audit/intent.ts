import type { Transaction } from 'kysely'
import { AppError } from '../../shared/contract/errors.ts'
import type { AuditAction, Entry } from '../../shared/audit/entry.ts'
import { canonicalize } from '../../shared/audit/jcs.ts'
import type { Json } from '../../shared/audit/json.ts'
import { isAnnouncement } from '../../shared/audit/marks.ts'
import { insertIntent } from '../db/repositories/audit-intents.ts'
import type { OperationalDb } from '../db/schema.ts'
import { entryHalves } from './entry-bytes.ts'
import { assertNoSecretFields } from './secrets.ts'

/** Who did it, in which role, from which office. */
export interface AuditOperator {
  readonly id: string
  readonly role: string
  readonly office: string | null
}

/** What will become one entry of the chain. */
export interface AuditIntent {
  /** Unique for ever (`newId('intent')`): the same id becomes one entry, however often it is drained. */
  readonly id: string
  /** UTC in ms. */
  readonly at: number
  readonly tenant: string
  /** Where the object belongs; for scoped readers of the audit. */
  readonly division?: string | null
  readonly office?: string | null
  /** Null for what the server does by itself. */
  readonly operator: AuditOperator | null
  readonly station: string | null
  readonly action: AuditAction
  readonly object: { readonly type: string; readonly id: string }
  readonly correlationId: string
  /** Snapshot of the entity; null before it was and after it is gone. */
  readonly before: Json | null
  readonly after: Json | null
  readonly reason: string | null
}

/** Bytes of canonical JSON one intent may have. */
export const INTENT_MAX_BYTES = 256 * 1024

const PLACEHOLDER = new Uint8Array(32)

/** Where the intent's entry will stand in its chain. */
export interface EntryPlace {
  readonly chain: string
  readonly sequence: number
  readonly key: string
  readonly payload: Uint8Array
}

/** The entry an intent becomes at its place, but for the signature before. */
export const entryOf = (intent: AuditIntent, place: EntryPlace): Omit<Entry, 'previous'> => ({
  ...place,
  at: intent.at,
  tenant: intent.tenant,
  division: intent.division ?? null,
  office: intent.office ?? intent.operator?.office ?? null,
  operator: intent.operator,
  station: intent.station,
  action: intent.action,
  object: intent.object,
  correlationId: intent.correlationId,
  intent: intent.id,
})

/**
 * An intent that cannot become an entry would stop the chain once it is committed: it is refused before, and the change
 * it tells of with it.
 */
const assertCanBeEntry = (intent: AuditIntent): void => {
  const isReason = intent.reason === null || typeof intent.reason === 'string'
  try {
    if (!isReason) throw new TypeError('reason')
    const place = { chain: 'x', sequence: 0, key: 'x', payload: PLACEHOLDER }
    entryHalves(entryOf(intent, place))
  } catch (cause) {
    throw new AppError('INTERNAL', { reason: 'intent-invalid' }, { cause })
  }
}

/**
 * Keys are announced by the chain's writer alone, over the tree so far: such an entry of anybody else's would leave a
 * chain that verifies nowhere, for ever.
 */
export const isReserved = (intent: Pick<AuditIntent, 'action' | 'object'>): boolean => isAnnouncement(intent)

/**
 * Writes the intent in the transaction of the change it tells of, so that both are committed or neither is. The entry is
 * in the chain once `sequencer.settle([intent.id])` resolved; answer nobody before that. Throws INTERNAL when the
 * payload holds a field named like a secret, the intent cannot become an entry or is the chain's own to write,
 * REQUEST_TOO_LARGE, REQUEST_CONFLICT (id used before). `node` names the node whose sequencer drains it; null: any.
 * Gives what was written, whatever becomes of `intent` and the objects in it: give that along to `settle`.
 */
export const recordIntent = async (
  trx: Transaction<OperationalDb>,
  intent: AuditIntent,
  node: string | null = null,
): Promise<AuditIntent> => {
  if (isReserved(intent)) throw new AppError('INTERNAL', { reason: 'intent-reserved' })
  assertNoSecretFields(intent.before)
  assertNoSecretFields(intent.after)
  assertCanBeEntry(intent)
  const body = canonicalize(intent as unknown as Json)
  if (Buffer.byteLength(body) > INTENT_MAX_BYTES) throw new AppError('REQUEST_TOO_LARGE', { reason: 'audit-intent' })
  const written = JSON.parse(body) as AuditIntent
  await insertIntent(trx, { id: written.id, created_at: written.at, body, node })
  return written
}
