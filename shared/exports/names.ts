import { z } from 'zod'
import { canonicalBytes, parseCanonical } from '../audit/jcs.ts'
import { AppError } from '../contract/errors.ts'

const Map = z.record(z.string().min(1).max(200), z.string().max(400))

/** Names of ids as the server knew them. They rest on the export's signature, not on the chain. */
export const Names = z.strictObject({ operators: Map, offices: Map, stations: Map, tenants: Map })
export type Names = z.infer<typeof Names>

/** Names while rendering; null where none is known. */
export interface NameLookup {
  readonly operator: (id: string) => string | null
  readonly office: (id: string) => string | null
  readonly station: (id: string) => string | null
  readonly tenant: (id: string) => string | null
}

const find = (names: Readonly<Record<string, string>>, id: string): string | null =>
  Object.hasOwn(names, id) ? (names[id] ?? null) : null

export const lookupIn = (names: Names): NameLookup => ({
  operator: (id) => find(names.operators, id),
  office: (id) => find(names.offices, id),
  station: (id) => find(names.stations, id),
  tenant: (id) => find(names.tenants, id),
})

/** A lookup that keeps what was asked for and found, so that `names.json` holds just that. */
export const recordNames = (from: NameLookup): { readonly lookup: NameLookup; readonly names: () => Names } => {
  const kept = { operators: {}, offices: {}, stations: {}, tenants: {} } satisfies Names
  const keep = (into: Record<string, string>, id: string, name: string | null): string | null => {
    if (name !== null) into[id] = name
    return name
  }
  return {
    lookup: {
      operator: (id) => keep(kept.operators, id, from.operator(id)),
      office: (id) => keep(kept.offices, id, from.office(id)),
      station: (id) => keep(kept.stations, id, from.station(id)),
      tenant: (id) => keep(kept.tenants, id, from.tenant(id)),
    },
    names: () => kept,
  }
}

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
