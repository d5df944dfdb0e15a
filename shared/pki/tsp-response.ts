import { readBits, readDer, readSmallInteger, sequence, TAG, type DerCursor } from './der-read.ts'
import { readText } from './der-text.ts'
import { refuse } from './pki-error.ts'

export const MAX_TIME_STAMP_BYTES = 256 * 1024
const MAX_TEXTS = 8

/** PKIStatus by number (RFC 3161 2.4.2). */
const STATUSES = [
  'granted',
  'granted-with-mods',
  'rejection',
  'waiting',
  'revocation-warning',
  'revocation-notification',
] as const

/** PKIFailureInfo by bit (RFC 3161 2.4.2). */
const FAILURES: Readonly<Record<number, string>> = {
  0: 'unrecognized or unsupported algorithm identifier',
  2: 'transaction not permitted or supported',
  5: 'the data submitted has the wrong format',
  14: "the authority's time source is not available",
  15: 'the requested policy is not supported',
  16: 'the requested extension is not supported',
  17: 'the additional information requested could not be understood or is not available',
  25: 'system failure',
}

export type TimeStampStatus = (typeof STATUSES)[number]

export interface TimeStampResponse {
  readonly status: TimeStampStatus
  /** DER of the token (a ContentInfo), there exactly when the request was granted. Not verified yet. */
  readonly token: Uint8Array | null
  /** Why not, in the standard's words. */
  readonly failures: readonly string[]
  /** What the authority wrote; foreign text. */
  readonly texts: readonly string[]
}

/** TimeStampResp (RFC 3161 2.4.2). Nothing is judged. Throws PkiError `malformed`, `too-large`. */
export function parseTimeStampResponse(der: Uint8Array): TimeStampResponse {
  const fields = sequence(readDer(new Uint8Array(der), MAX_TIME_STAMP_BYTES), 'TimeStampResp')
  const info = sequence(fields.next(), 'PKIStatusInfo')
  const code = readSmallInteger(info.next())
  const status = STATUSES[code] ?? refuse('malformed', 'RFC 3161 2.4.2: PKIStatus', { status: code })
  const texts = readTexts(info)
  const failures = readFailures(info)
  info.end()
  const token = fields.done ? null : fields.next(TAG.sequence).raw
  fields.end()
  const granted = status === 'granted' || status === 'granted-with-mods'
  if (granted !== (token !== null)) refuse('malformed', 'RFC 3161 2.4.2: token exactly where granted', { status })
  if (granted && failures.length > 0) refuse('malformed', 'RFC 3161 2.4.2: failInfo where granted', { status })
  return { status, token, failures, texts }
}

/** The token of a granted request, or PkiError `tsp-status` with the authority's reasons in `detail`. */
export function timeStampTokenOf({ status, token, failures, texts }: TimeStampResponse): Uint8Array {
  const detail = { status, failure: failures.join('; ') || null, text: texts.join(' ').slice(0, 256) || null }
  return token ?? refuse('tsp-status', 'RFC 3161 2.4.2: PKIStatus', detail)
}

function readTexts(info: DerCursor): string[] {
  const node = info.optional(TAG.sequence)
  if (!node) return []
  const items = sequence(node, 'PKIFreeText').rest(MAX_TEXTS)
  if (items.length === 0) refuse('malformed', 'RFC 3161 2.4.2: PKIFreeText SIZE (1..MAX)')
  return items.map((item) => {
    if (item.tag !== TAG.utf8String) refuse('malformed', 'RFC 3161 2.4.2: PKIFreeText')
    return readText(item)
  })
}

function readFailures(info: DerCursor): string[] {
  const node = info.optional(TAG.bitString)
  if (!node) return []
  const { octets } = readBits(node)
  if (octets.length > 8) refuse('malformed', 'RFC 3161 2.4.2: PKIFailureInfo')
  const words: string[] = []
  for (let bit = 0; bit < octets.length * 8; bit++) {
    if (((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0) words.push(FAILURES[bit] ?? `failure ${bit}`)
  }
  return words
}
