import { z } from 'zod'
import { AppError } from '../contract/errors.ts'
import { AuditAction } from '../contract/words.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { CHAIN_NAME, ENTRY_FORMAT, NAME_MAX } from './entry-form.ts'
import { canonicalBytes, parseCanonical } from './jcs.ts'

export { AuditAction } from '../contract/words.ts'

export { ENTRY_FORMAT } from './entry-form.ts'

const name = z.string().min(1).max(NAME_MAX)
const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/)

/** A chain's name, after its node: also part of a file name and of a checkpoint's origin. */
export const ChainName = z.string().regex(CHAIN_NAME)

/** The body as it is written: exactly these members, all of them always there. */
const EntryBody = z.strictObject({
  v: z.literal(ENTRY_FORMAT),
  chain: ChainName,
  sequence: z.int().min(0),
  /** UTC in ms. */
  at: z.int().min(0),
  tenant: name,
  division: name.nullable(),
  office: name.nullable(),
  operator: z.strictObject({ id: name, role: name, office: name.nullable() }).nullable(),
  station: name.nullable(),
  action: AuditAction,
  object: z.strictObject({ type: name, id: name }),
  correlationId: name,
  /** The intent that became this entry; one intent, one entry. */
  intent: name,
  /** Which key signs: SHA-256 of its SubjectPublicKeyInfo. */
  key: base64url,
  /** Salted digest of the payload beside the chain. */
  payload: base64url,
  /** Signature of the entry before, or the chain's genesis value. */
  previous: base64url,
})
type EntryBody = z.infer<typeof EntryBody>

/** One entry, its binary members as bytes. */
export type Entry = Omit<EntryBody, 'v' | 'payload' | 'previous'> & {
  readonly payload: Uint8Array
  readonly previous: Uint8Array
}

/** Of SHA-256, as `payload` holds it. */
export const DIGEST_BYTES = 32

/** The bytes that are signed, hashed and stored: canonical JSON (RFC 8785). Throws REQUEST_INVALID. */
export const encodeEntry = (entry: Entry): Uint8Array => {
  const body = {
    ...entry,
    v: ENTRY_FORMAT,
    payload: encodeBase64url(entry.payload),
    previous: encodeBase64url(entry.previous),
  }
  const parsed = EntryBody.safeParse(body)
  if (!parsed.success) throw new AppError('REQUEST_INVALID', { reason: 'entry' }, { cause: parsed.error })
  return canonicalBytes(parsed.data)
}

/** Reads stored bytes; throws REQUEST_INVALID unless they are exactly what `encodeEntry` gives for what they say. */
export const parseEntry = (bytes: Uint8Array): Entry => {
  const parsed = EntryBody.safeParse(parseCanonical(bytes))
  if (!parsed.success) throw new AppError('REQUEST_INVALID', { reason: 'entry' }, { cause: parsed.error })
  const { v: _format, payload, previous, ...rest } = parsed.data
  const entry = { ...rest, payload: decodeBase64url(payload), previous: decodeBase64url(previous) }
  if (entry.payload.length !== DIGEST_BYTES) throw new AppError('REQUEST_INVALID', { reason: 'entry' })
  return entry
}
