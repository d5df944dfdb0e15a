import { sameBytes } from './bytes.ts'
import type { Entry } from './entry.ts'
import type { StoredEntry } from './stored.ts'

type Column = readonly [string, (row: StoredEntry) => unknown, (entry: Entry) => unknown]

/** Every column that copies a member of the signed body: a filter must not lie. */
const COLUMNS: readonly Column[] = [
  ['chain', (row) => row.chain, (entry) => entry.chain],
  ['sequence', (row) => row.sequence, (entry) => entry.sequence],
  ['key_id', (row) => row.keyId, (entry) => entry.key],
  ['intent_id', (row) => row.intentId, (entry) => entry.intent],
  ['at', (row) => row.at, (entry) => entry.at],
  ['tenant', (row) => row.tenant, (entry) => entry.tenant],
  ['division', (row) => row.division, (entry) => entry.division],
  ['office', (row) => row.office, (entry) => entry.office],
  ['operator_id', (row) => row.operatorId, (entry) => entry.operator?.id ?? null],
  ['operator_role', (row) => row.operatorRole, (entry) => entry.operator?.role ?? null],
  ['station', (row) => row.station, (entry) => entry.station],
  ['action', (row) => row.action, (entry) => entry.action],
  ['object_type', (row) => row.objectType, (entry) => entry.object.type],
  ['object_id', (row) => row.objectId, (entry) => entry.object.id],
  ['correlation_id', (row) => row.correlationId, (entry) => entry.correlationId],
]

/** The first column that is not what the signed bytes say, or null. */
export const findFalseCopy = (row: StoredEntry, entry: Entry): string | null => {
  for (const [column, stored, signed] of COLUMNS) if (stored(row) !== signed(entry)) return column
  return sameBytes(row.previousSignature, entry.previous) ? null : 'previous_signature'
}
