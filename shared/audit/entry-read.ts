import { encodeBase64url } from './base64url.ts'
import { scanEntry } from './entry-scan.ts'
import type { EntryText } from './entry-scan.ts'
import { parseEntry } from './entry.ts'
import type { Entry } from './entry.ts'

const decode = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64url'))

/** The same as `scanEntry` for any entry, the long way. Throws REQUEST_INVALID like `parseEntry`. */
export const parseEntryText = (bytes: Uint8Array): EntryText => {
  const entry = parseEntry(bytes)
  return { ...entry, payload: encodeBase64url(entry.payload), previous: encodeBase64url(entry.previous) }
}

/** What `parseEntry` gives, quickly where it can be. */
export const readEntry = (bytes: Uint8Array): Entry => {
  const scanned = scanEntry(bytes)
  if (!scanned) return parseEntry(bytes)
  return { ...scanned, payload: decode(scanned.payload), previous: decode(scanned.previous) }
}
