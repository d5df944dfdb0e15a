import { sameBytes } from './bytes.ts'
import type { Entry } from './entry.ts'
import { SALT_BYTES, payloadDigest } from './payload.ts'
import type { StoredPayload } from './stored.ts'

/** Object type of tombstone entries; the object's id is a sequence, or `from-to` with both included. */
export const PAYLOAD_OBJECT = 'audit-payload'

const RANGE = /^(0|[1-9][0-9]{0,15})(?:-([1-9][0-9]{0,15}))?$/

/** The sequences a tombstone says were erased, or null for any other entry. */
export const erasedRange = (entry: Pick<Entry, 'action' | 'object'>): { from: number; to: number } | null => {
  if (entry.action !== 'Deletion' || entry.object.type !== PAYLOAD_OBJECT) return null
  const match = RANGE.exec(entry.object.id)
  if (!match) return null
  const from = Number(match[1])
  return { from, to: match[2] === undefined ? from : Number(match[2]) }
}

/** What is wrong with the payload, `erased` for one that was erased (a tombstone must follow), or null. */
export const findPayloadFault = (payloads: readonly StoredPayload[], entry: Entry): string | null => {
  const [payload, second] = payloads
  if (!payload) return 'missing'
  if (second) return 'doubled'
  const { salt, bytes, erasedAt, erasedBy, erasedRule } = payload
  const marks = [erasedAt, erasedBy, erasedRule].filter((mark) => mark !== null).length
  if (bytes === null) return marks === 3 ? 'erased' : 'missing'
  if (marks > 0) return 'erasure-marks'
  if (salt.length !== SALT_BYTES) return 'salt'
  return sameBytes(payloadDigest(salt, bytes), entry.payload) ? null : 'digest'
}
