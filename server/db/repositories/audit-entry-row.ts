import type { Insertable, Selectable } from 'kysely'
import type { Entry } from '../../../shared/audit/entry.ts'
import type { StoredEntry, StoredPayload } from '../../../shared/audit/stored.ts'
import type { EntryTable, PayloadTable } from '../schema.ts'

/** One entry ready to be stored, with its payload and the words it is found by. */
export interface NewEntry {
  readonly entry: Entry
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
  readonly payload: { readonly salt: Uint8Array; readonly bytes: Uint8Array }
  readonly words: string
}

export const toEntryRow = ({ entry, bytes, signature }: NewEntry): Insertable<EntryTable> => ({
  chain: entry.chain,
  sequence: entry.sequence,
  bytes,
  signature,
  previous_signature: entry.previous,
  key_id: entry.key,
  intent_id: entry.intent,
  at: entry.at,
  tenant: entry.tenant,
  division: entry.division,
  office: entry.office,
  operator_id: entry.operator?.id ?? null,
  operator_role: entry.operator?.role ?? null,
  station: entry.station,
  action: entry.action,
  object_type: entry.object.type,
  object_id: entry.object.id,
  correlation_id: entry.correlationId,
})

export const toPayloadRow = ({ entry, payload }: NewEntry): Insertable<PayloadTable> => ({
  chain: entry.chain,
  sequence: entry.sequence,
  salt: payload.salt,
  bytes: payload.bytes,
  erased_at: null,
  erased_by: null,
  erased_rule: null,
})

/** An entry with its payload beside it, as the left join gives them. */
export interface JoinedRow extends Omit<EntryTable, 'id'> {
  readonly id: number
  readonly salt: Uint8Array | null
  readonly payload_bytes: Uint8Array | null
  readonly erased_at: number | null
  readonly erased_by: string | null
  readonly erased_rule: string | null
}

export const toStoredPayload = (row: Selectable<PayloadTable>): StoredPayload => ({
  salt: row.salt,
  bytes: row.bytes,
  erasedAt: row.erased_at,
  erasedBy: row.erased_by,
  erasedRule: row.erased_rule,
})

export const toStoredEntry = (row: Selectable<EntryTable>, payloads: readonly StoredPayload[]): StoredEntry => ({
  chain: row.chain,
  sequence: row.sequence,
  bytes: row.bytes,
  signature: row.signature,
  previousSignature: row.previous_signature,
  keyId: row.key_id,
  intentId: row.intent_id,
  at: row.at,
  tenant: row.tenant,
  division: row.division,
  office: row.office,
  operatorId: row.operator_id,
  operatorRole: row.operator_role,
  station: row.station,
  action: row.action,
  objectType: row.object_type,
  objectId: row.object_id,
  correlationId: row.correlation_id,
  payloads,
})
