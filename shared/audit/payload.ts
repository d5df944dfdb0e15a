import { z } from 'zod'
import { AppError } from '../contract/errors.ts'
import { canonicalBytes, canonicalize, parseCanonical } from './jcs.ts'
import type { Json, JsonObject } from './json.ts'

export { SALT_BYTES, newSalt, payloadDigest } from './payload-digest.ts'

/** What an entry tells of its object. It lies beside the chain, which holds only its salted digest. */
export interface Payload {
  readonly before: Json | null
  readonly after: Json | null
  /** Paths of what differs between the two (`name`, `address.city`), sorted. */
  readonly changed: readonly string[]
  readonly reason: string | null
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isPlainValue = (value: Json | undefined): boolean => typeof value !== 'object' || value === null

const differ = (before: Json | undefined, after: Json | undefined): boolean =>
  // A number is compared by what it is, not by what it is written as: those are the same but for -0.
  isPlainValue(before) || isPlainValue(after)
    ? before !== after
    : canonicalize(before as Json) !== canonicalize(after as Json)

/** Objects are compared member by member, arrays and plain values whole. */
export const changedFields = (before: Json | null, after: Json | null): readonly string[] => {
  // What was not there before, or is not any more, differs in every member it has.
  const only = before === null ? after : after === null ? before : null
  if (isObject(only)) {
    return Object.keys(only)
      .filter((name) => only[name] !== undefined)
      .sort()
  }
  const left = isObject(before ?? {}) ? ((before ?? {}) as JsonObject) : { value: before }
  const right = isObject(after ?? {}) ? ((after ?? {}) as JsonObject) : { value: after }
  const changed: string[] = []
  const walk = (from: JsonObject, to: JsonObject, path: string): void => {
    for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
      const [old, now] = [
        Object.hasOwn(from, name) ? from[name] : undefined,
        Object.hasOwn(to, name) ? to[name] : undefined,
      ]
      if (isObject(old) && isObject(now)) walk(old, now, `${path}${name}.`)
      else if (differ(old, now)) changed.push(path + name)
    }
  }
  walk(left, right, '')
  return changed.sort()
}

export const makePayload = (before: Json | null, after: Json | null, reason: string | null): Payload => ({
  before,
  after,
  changed: changedFields(before, after),
  reason,
})

/** Canonical JSON (RFC 8785); `encodePayload` gives its bytes. Throws REQUEST_INVALID. */
export const payloadText = (payload: Payload): string => canonicalize(payload as unknown as Json)
export const encodePayload = (payload: Payload): Uint8Array => canonicalBytes(payload as unknown as Json)

const Parsed = z.strictObject({
  before: z.unknown(),
  after: z.unknown(),
  changed: z.array(z.string()),
  reason: z.string().nullable(),
})

/** Throws REQUEST_INVALID unless the bytes are a canonical payload. */
export const parsePayload = (bytes: Uint8Array): Payload => {
  const parsed = Parsed.safeParse(parseCanonical(bytes))
  if (!parsed.success) throw new AppError('REQUEST_INVALID', { reason: 'payload' }, { cause: parsed.error })
  return parsed.data as Payload
}
