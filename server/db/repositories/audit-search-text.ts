import { parsePayload } from '../../../shared/audit/payload.ts'
import type { Payload } from '../../../shared/audit/payload.ts'
import type { Json, JsonObject } from '../../../shared/audit/json.ts'
import { foldForSearch } from '../full-text.ts'
import type { JoinedRow } from './audit-entry-row.ts'

const LENGTH_MAX = 16_000

const collect = (value: Json, into: string[]): void => {
  if (typeof value === 'string') into.push(value)
  else if (typeof value === 'number') into.push(String(value))
  else if (Array.isArray(value)) for (const item of value as readonly Json[]) collect(item, into)
  else if (value !== null && typeof value === 'object') for (const item of Object.values(value)) collect(item, into)
}

/** Null when erased, and when someone changed the stored bytes: an entry must still be listed. Verification tells which. */
export const payloadOf = (row: Pick<JoinedRow, 'payload_bytes'>): Payload | null => {
  if (!row.payload_bytes) return null
  try {
    return parsePayload(row.payload_bytes)
  } catch {
    return null
  }
}

/** For its words alone a payload is not looked at as strictly: whatever is no JSON has none. */
const valuesOf = (bytes: Uint8Array | null): Json => {
  try {
    return bytes ? (JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as Json) : null
  } catch {
    return null
  }
}

/** The folded words an entry is found by: ids, reason and every value of the payload, each text once. */
export const searchTextOf = (row: JoinedRow): string => {
  const texts: string[] = [row.action, row.object_type, row.object_id]
  if (row.operator_id !== null) texts.push(row.operator_id)
  if (row.operator_role !== null) texts.push(row.operator_role)
  const payload = valuesOf(row.payload_bytes)
  if (payload !== null && typeof payload === 'object' && !Array.isArray(payload)) {
    const { reason = null, before = null, after = null } = payload as JsonObject
    collect([reason, before, after], texts)
  }
  // Cut before folding: one hostile value must not cost minutes. Order stays, so that phrases are found.
  return foldForSearch([...new Set(texts)].join(' ').slice(0, LENGTH_MAX))
}
