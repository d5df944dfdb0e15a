import { sameBytes } from './bytes.ts'
import type { Entry } from './entry.ts'
import { readMarks } from './marks.ts'
import { SALT_BYTES, payloadDigest } from './payload-digest.ts'
import type { StoredPayload } from './stored.ts'

export { PAYLOAD_OBJECT, erasedRange, tombstoneOf } from './marks.ts'

/** What is wrong with the payload, `erased` for one that was erased (a tombstone must follow), or null. */
export const findPayloadFault = (payloads: readonly StoredPayload[], entry: Entry): string | null => {
  const [payload, second] = payloads
  if (!payload) return 'missing'
  if (second) return 'doubled'
  const { salt, bytes, erasedAt, erasedBy, erasedRule } = payload
  if (bytes === null) {
    const marks = readMarks(payload)
    return typeof marks === 'string' ? marks : 'erased'
  }
  if (erasedAt !== null || erasedBy !== null || erasedRule !== null) return 'erasure-marks'
  if (salt.length !== SALT_BYTES) return 'salt'
  return sameBytes(payloadDigest(salt, bytes), entry.payload) ? null : 'digest'
}
