import type { Transaction } from 'kysely'
import { AppError } from '../../shared/contract/errors.ts'
import type { AuditAction } from '../../shared/audit/entry.ts'
import type { Json } from '../../shared/audit/json.ts'
import { isAnnouncement } from '../../shared/audit/marks.ts'
import { makePayload, payloadText } from '../../shared/audit/payload.ts'
import { insertIntent } from '../db/repositories/audit-intents.ts'
import type { OperationalDb } from '../db/schema.ts'
import { entryFormOf } from './entry-bytes.ts'
import type { EntryForm, Placeless } from './entry-bytes.ts'
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

/** What is made of an intent before its place in the chain is known. */
export interface StoredForm {
  readonly form: EntryForm
  /** Canonical JSON, to be salted and hashed when the entry is signed. */
  readonly payload: string
}

/** The entry an intent becomes, but for its place and payload. */
export const placelessOf = (intent: AuditIntent): Placeless => ({
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

const makeForm = (intent: AuditIntent): StoredForm => ({
  form: entryFormOf(placelessOf(intent)),
  payload: payloadText(makePayload(intent.before, intent.after, intent.reason)),
})

/**
 * An intent that cannot become an entry would stop the chain once it is committed: it is refused before, and the change
 * it tells of with it.
 */
const formChecked = (intent: AuditIntent): StoredForm => {
  const isReason = intent.reason === null || typeof intent.reason === 'string'
  try {
    if (!isReason) throw new TypeError('reason')
    return makeForm(intent)
  } catch (cause) {
    throw new AppError('INTERNAL', { reason: 'intent-invalid' }, { cause })
  }
}

/**
 * An intent with its form: what is signed is what was there when it was checked, whatever became of the objects in it.
 * The form goes with this object alone, not with a copy, and JSON does not see it.
 */
class CheckedIntent implements AuditIntent {
  readonly id: string
  readonly at: number
  readonly tenant: string
  readonly division: string | null
  readonly office: string | null
  readonly operator: AuditOperator | null
  readonly station: string | null
  readonly action: AuditAction
  readonly object: { readonly type: string; readonly id: string }
  readonly correlationId: string
  readonly before: Json | null
  readonly after: Json | null
  readonly reason: string | null
  readonly #form: StoredForm

  constructor(intent: AuditIntent) {
    const { operator, object } = intent
    this.id = intent.id
    this.at = intent.at
    this.tenant = intent.tenant
    this.division = intent.division ?? null
    this.office = intent.office ?? null
    this.operator = operator && { id: operator.id, role: operator.role, office: operator.office }
    this.station = intent.station
    this.action = intent.action
    this.object = { type: object.type, id: object.id }
    this.correlationId = intent.correlationId
    this.before = intent.before
    this.after = intent.after
    this.reason = intent.reason
    this.#form = formChecked(this)
  }

  get payloadBytes(): number {
    return Buffer.byteLength(this.#form.payload)
  }

  static formOf(intent: AuditIntent): StoredForm | null {
    return #form in intent ? intent.#form : null
  }
}

/** What an intent is made into. Throws REQUEST_INVALID for one that can be no entry. */
export const formOf = (intent: AuditIntent): StoredForm => CheckedIntent.formOf(intent) ?? makeForm(intent)

/**
 * Keys are announced by the chain's writer alone, over the tree so far: such an entry of anybody else's would leave a
 * chain that verifies nowhere, for ever.
 */
export const isReserved = (intent: Pick<AuditIntent, 'action' | 'object'>): boolean => isAnnouncement(intent)

/**
 * The intent as it will be signed, whatever becomes of what was given and the objects in it. Throws INTERNAL when the
 * payload holds a field named like a secret, the intent cannot become an entry or is the chain's own to write,
 * REQUEST_TOO_LARGE.
 */
export const checkIntent = (intent: AuditIntent): AuditIntent => {
  if (isReserved(intent)) throw new AppError('INTERNAL', { reason: 'intent-reserved' })
  assertNoSecretFields(intent.before)
  assertNoSecretFields(intent.after)
  const checked = new CheckedIntent(intent)
  if (checked.payloadBytes > INTENT_MAX_BYTES) throw new AppError('REQUEST_TOO_LARGE', { reason: 'audit-intent' })
  return checked
}

/**
 * Writes the intent in the transaction of the change it tells of, so that both are committed or neither is. The entry is
 * in the chain once `sequencer.settle([intent.id])` resolved; answer nobody before that. Throws what `checkIntent`
 * throws, REQUEST_CONFLICT (id used before). `node` names the node whose sequencer drains it; null: any. Gives what was
 * written, whatever becomes of `intent` and the objects in it: give that along to `settle`.
 */
export const recordIntent = async (
  trx: Transaction<OperationalDb>,
  intent: AuditIntent,
  node: string | null = null,
): Promise<AuditIntent> => {
  const checked = checkIntent(intent)
  // What the check let pass is written by the engine as RFC 8785 would, but for the order of members.
  const body = JSON.stringify(checked)
  await insertIntent(trx, { id: checked.id, created_at: checked.at, body, node })
  return checked
}
