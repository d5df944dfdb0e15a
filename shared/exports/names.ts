import { z } from 'zod'
import { canonicalBytes, parseCanonical } from '../audit/jcs.ts'
import { AppError } from '../contract/errors.ts'

const Map = z.record(z.string().min(1).max(200), z.string().max(400))

/** Names of ids as the server knew them. They rest on the export's signature, not on the chain. */
export const Names = z.strictObject({ operators: Map, offices: Map, stations: Map, tenants: Map })
export type Names = z.infer<typeof Names>

/** Canonical JSON (RFC 8785). Throws REQUEST_INVALID (`names`). */
export const encodeNames = (names: Names): Uint8Array => {
  const parsed = Names.safeParse(names)
  if (!parsed.success) throw new AppError('REQUEST_INVALID', { reason: 'names' }, { cause: parsed.error })
  return canonicalBytes(parsed.data)
}

/** Throws REQUEST_INVALID unless the bytes are exactly such names. */
export const parseNames = (bytes: Uint8Array): Names => {
  const parsed = Names.safeParse(parseCanonical(bytes))
  if (!parsed.success) throw new AppError('REQUEST_INVALID', { reason: 'names' }, { cause: parsed.error })
  return parsed.data
}
