import type { Selectable } from 'kysely'
import type { Entry } from '../../../shared/audit/entry.ts'
import type { StoredEntry, StoredPayload } from '../../../shared/audit/stored.ts'
import type { EntryTable, PayloadTable } from '../schema.ts'
import { NO_WORD, shortSignature } from './audit-row-form.ts'

/** One entry ready to be stored, with its payload. */
export interface NewEntry {
  /** What its row copies; the digest of its payload is in the bytes alone. */
  readonly entry: Omit<Entry, 'payload'>
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
  readonly payload: { readonly salt: Uint8Array; readonly bytes: Uint8Array }
}

export { shortSignature } from './audit-row-form.ts'

/** In the order of `entryValues`. */
export const ENTRY_COLUMNS = [
  'chain',
  'sequence',
  'at',
  'tenant',
  'division',
  'office',
  'operator_id',
  'operator_role',
  'station',
  'action',
  'object_type',
  'key_id',
  'object_id',
  'correlation_id',
  'intent_id',
  'previous_signature',
  'signature',
  'bytes',
] as const satisfies readonly (keyof EntryTable)[]

export type EntryValues = readonly (string | number | Uint8Array | null)[]

/** The row of an entry. A text that has no number in `words` is added to `missing`, and the row is none yet. */
export const entryValues = (
  { entry, bytes, signature }: NewEntry,
  words: ReadonlyMap<string, number>,
  missing: Set<string>,
): EntryValues => {
  const numberOf = (text: string): number => {
    const number = words.get(text)
    if (number === undefined) missing.add(text)
    return number ?? -1
  }
  const optional = (text: string | null | undefined): number | null => (text == null ? null : numberOf(text))
  return [
    entry.chain,
    entry.sequence,
    entry.at,
    numberOf(entry.tenant),
    optional(entry.division),
    optional(entry.office),
    optional(entry.operator?.id),
    optional(entry.operator?.role),
    optional(entry.station),
    numberOf(entry.action),
    numberOf(entry.object.type),
    numberOf(entry.key),
    entry.object.id,
    entry.correlationId,
    entry.intent,
    shortSignature(entry.previous),
    signature,
    bytes,
  ]
}

/** In the order of `payloadValues`; what is erased says so later. */
export const PAYLOAD_COLUMNS = ['chain', 'sequence', 'salt', 'bytes'] as const satisfies readonly (keyof PayloadTable)[]

export const payloadValues = ({ entry, payload }: NewEntry): readonly (string | number | Uint8Array)[] => [
  entry.chain,
  entry.sequence,
  payload.salt,
  payload.bytes,
]

type StoredRow = Selectable<EntryTable>

/** A row with its payload beside it, as the left join gives them. */
export interface JoinedNumbers extends StoredRow {
  readonly salt: Uint8Array | null
  readonly payload_bytes: Uint8Array | null
  readonly erased_at: number | null
  readonly erased_by: string | null
  readonly erased_rule: string | null
}

interface Texts {
  readonly tenant: string
  readonly division: string | null
  readonly office: string | null
  readonly operator_id: string | null
  readonly operator_role: string | null
  readonly station: string | null
  readonly action: string
  readonly object_type: string
  readonly key_id: string
}
/** The same with its texts. */
export type JoinedRow = Omit<JoinedNumbers, keyof Texts> & Texts

export const numbersOf = (row: StoredRow): readonly unknown[] => [
  row.key_id,
  row.tenant,
  row.division,
  row.office,
  row.operator_id,
  row.operator_role,
  row.station,
  row.action,
  row.object_type,
]

/** A row's texts. Whatever is no number of a word, in a row that someone changed, reads as NO_WORD. */
const textsOf = (row: StoredRow, words: ReadonlyMap<number, string>): Texts => {
  const text = (number: number): string => words.get(number) ?? NO_WORD
  const optional = (number: number | null): string | null => (number === null ? null : text(number))
  return {
    tenant: text(row.tenant),
    division: optional(row.division),
    office: optional(row.office),
    operator_id: optional(row.operator_id),
    operator_role: optional(row.operator_role),
    station: optional(row.station),
    action: text(row.action),
    object_type: text(row.object_type),
    key_id: text(row.key_id),
  }
}

export const toJoinedRow = (row: JoinedNumbers, words: ReadonlyMap<number, string>): JoinedRow => ({
  ...row,
  ...textsOf(row, words),
})

export const toStoredPayload = (row: Selectable<PayloadTable>): StoredPayload => ({
  salt: row.salt,
  bytes: row.bytes,
  erasedAt: row.erased_at,
  erasedBy: row.erased_by,
  erasedRule: row.erased_rule,
})

const PREVIOUS = Buffer.from('"previous":"')
const QUOTE = 0x22

/**
 * The signature before, from the bytes, where the row's own short copy agrees; else the copy, which then differs from
 * what was signed. In JSON a quote inside a text is escaped, so the name in quotes is found nowhere but as a name.
 */
const previousOf = ({ bytes, previous_signature: short }: StoredRow): Uint8Array => {
  // Whoever writes into the file may put a text there; it is for the verifier to say so.
  if (!(bytes instanceof Uint8Array)) return short
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const from = body.indexOf(PREVIOUS) + PREVIOUS.length
  const to = from < PREVIOUS.length ? -1 : body.indexOf(QUOTE, from)
  if (to < 0) return short
  const whole = Buffer.from(body.toString('latin1', from, to), 'base64url')
  return Buffer.compare(shortSignature(whole), short) === 0 ? new Uint8Array(whole) : short
}

export const toStoredEntry = (
  row: StoredRow,
  words: ReadonlyMap<number, string>,
  payloads: readonly StoredPayload[],
): StoredEntry => {
  const texts = textsOf(row, words)
  return {
    chain: row.chain,
    sequence: row.sequence,
    bytes: row.bytes,
    signature: row.signature,
    previousSignature: previousOf(row),
    keyId: texts.key_id,
    intentId: row.intent_id,
    at: row.at,
    tenant: texts.tenant,
    division: texts.division,
    office: texts.office,
    operatorId: texts.operator_id,
    operatorRole: texts.operator_role,
    station: texts.station,
    action: texts.action,
    objectType: texts.object_type,
    objectId: row.object_id,
    correlationId: row.correlation_id,
    payloads,
  }
}
