/** One field of an object before and after a change. `path` is dotted, as `grants.0.role`. */
export interface FieldDifference {
  readonly path: string
  readonly kind: 'added' | 'removed' | 'changed' | 'same'
  readonly before: FieldValue | undefined
  readonly after: FieldValue | undefined
}
/** What a field may hold once an object is laid flat: a leaf, or an object or list with nothing inside. */
export type FieldValue = string | number | boolean | null | { readonly empty: 'list' | 'object' }

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isLeaf = (value: unknown): value is string | number | boolean | null =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value)

/** Lists of plain words read better whole. */
const isWordList = (value: readonly unknown[]): boolean => value.length > 0 && value.every(isLeaf)

const flatten = (value: unknown, path: string, into: Map<string, FieldValue>): void => {
  if (isLeaf(value)) {
    into.set(path, value)
    return
  }
  if (Array.isArray(value) && isWordList(value)) {
    into.set(path, value.map(String).join(', '))
    return
  }
  const members = Array.isArray(value) ? [...value.entries()] : isRecord(value) ? Object.entries(value) : []
  if (members.length === 0) into.set(path, { empty: Array.isArray(value) ? 'list' : 'object' })
  for (const [name, member] of members) flatten(member, path === '' ? String(name) : `${path}.${name}`, into)
}

const flat = (snapshot: unknown): Map<string, FieldValue> => {
  const fields = new Map<string, FieldValue>()
  if (snapshot !== null && snapshot !== undefined) flatten(snapshot, '', fields)
  return fields
}

const same = (a: FieldValue | undefined, b: FieldValue | undefined): boolean => JSON.stringify(a) === JSON.stringify(b)

const kindOf = (before: FieldValue | undefined, after: FieldValue | undefined): FieldDifference['kind'] => {
  if (same(before, after)) return 'same'
  if (before === undefined) return 'added'
  return after === undefined ? 'removed' : 'changed'
}

/**
 * Two snapshots field by field, in the order of the newer one, then what only the older had. A null snapshot (before an
 * insertion, after a deletion, or erased) has no fields.
 */
export const compareSnapshots = (before: unknown, after: unknown): FieldDifference[] => {
  const older = flat(before)
  const newer = flat(after)
  return [...new Set([...newer.keys(), ...older.keys()])].map((path) => ({
    path,
    kind: kindOf(older.get(path), newer.get(path)),
    before: older.get(path),
    after: newer.get(path),
  }))
}
