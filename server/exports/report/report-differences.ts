import type { Json } from '../../../shared/audit/json.ts'

/** One value before and after; null where there was none. */
export interface Difference {
  /** Names joined by periods, as they stand in the data. */
  readonly field: string
  readonly before: Json | null
  readonly after: Json | null
}

const MAX_DEPTH = 4

type JsonObject = { readonly [name: string]: Json }
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What differs between two states of an object, field by field, down into objects but not into lists. */
export function differencesOf(before: Json | null, after: Json | null): readonly Difference[] {
  const found: Difference[] = []
  const walk = (field: string, old: Json | undefined, now: Json | undefined, depth: number): void => {
    const isDeeper = depth < MAX_DEPTH && (isObject(old) || isObject(now))
    if (isDeeper && (isObject(old) || isNothing(old)) && (isObject(now) || isNothing(now))) {
      const names = new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])
      const valueIn = (object: Json | undefined, name: string) =>
        isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined
      for (const name of names)
        walk(field === '' ? name : `${field}.${name}`, valueIn(old, name), valueIn(now, name), depth + 1)
    } else if (JSON.stringify(old ?? null) !== JSON.stringify(now ?? null)) {
      found.push({ field, before: old ?? null, after: now ?? null })
    }
  }
  walk('', before ?? undefined, after ?? undefined, 0)
  return found
}

const isNothing = (value: Json | undefined): boolean => value === undefined || value === null

/** A value as people read it: text as it is, everything else as JSON with spaces, so that lines can break. */
export const shown = (value: Json): string =>
  typeof value === 'string' ? value : JSON.stringify(value, null, 1).replace(/\n */g, ' ')
