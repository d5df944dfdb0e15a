import { readSignedTimeStamp } from '../pki/tsp-read.ts'
import { sameBytes, sha256 } from './bytes.ts'
import { parseNote } from './checkpoint.ts'
import type { StoredCheckpoint } from './stored.ts'

/** What is stamped: the checkpoint's signed text, without signatures, so that cosignatures may come later. */
export const stampedDigest = (note: string): Uint8Array => sha256(new TextEncoder().encode(parseNote(note).text))

const readTime = (token: Uint8Array, note: string): number | null => {
  try {
    const { imprint, genTime } = readSignedTimeStamp(token).info
    return imprint.hash === 'sha256' && sameBytes(imprint.digest, stampedDigest(note)) ? genTime.getTime() : null
  } catch {
    // Bytes that are no token, or none that its own signature covers: a finding, not a failure of the verifier.
    return null
  }
}

/**
 * The column of a checkpoint's time-stamp that is not what the stamp says, or null: the token must be over this note's
 * text and signed by the certificate it carries, the time beside it the token's own. Whose certificate that is, only
 * who has the authority's anchor can judge (`verifyTimeStampToken`).
 */
export const findStampFault = ({ note, timestampToken, stampedAt }: StoredCheckpoint): string | null => {
  const [token, at] = [timestampToken ?? null, stampedAt ?? null]
  if (token === null) return at === null ? null : 'stamped_at'
  const time = readTime(token, note)
  if (time === null) return 'timestamp_token'
  return time === at ? null : 'stamped_at'
}
