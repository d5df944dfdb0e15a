import type { Names } from './names.ts'

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
