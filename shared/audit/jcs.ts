import { AppError } from '../contract/errors.ts'
import type { Json } from './json.ts'

const DEPTH_MAX = 64

const refused = (reason: string): AppError => new AppError('REQUEST_INVALID', { reason: `json-${reason}` })

const text = (value: string): string => {
  // RFC 8785 3.2.2.2: a lone surrogate has no UTF-8 and must end the work.
  if (!value.isWellFormed()) throw refused('surrogate')
  // ECMAScript's own escapes are the ones the RFC asks for.
  return JSON.stringify(value)
}

const number = (value: number): string => {
  if (!Number.isFinite(value)) throw refused('number')
  // RFC 8785 3.2.2.3: ECMAScript's Number to String; -0 is 0 there as well.
  return String(value)
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const object = (value: object, depth: number, above: Set<object>): string => {
  if (depth > DEPTH_MAX) throw refused('depth')
  if (above.has(value)) throw refused('cycle')
  above.add(value)
  try {
    if (Array.isArray(value)) {
      // Not map(): it skips the holes of a sparse array, which are `undefined` and must be refused.
      return `[${Array.from(value, (item: unknown) => write(item, depth + 1, above)).join(',')}]`
    }
    if (!isPlain(value)) throw refused('type')
    const members = value as Readonly<Record<string, unknown>>
    const names = sorted(Object.keys(members))
    return `{${names.map((name) => `${text(name)}:${write(members[name], depth + 1, above)}`).join(',')}}`
  } finally {
    above.delete(value)
  }
}

const write = (value: unknown, depth: number, above: Set<object>): string => {
  if (value === null) return 'null'
  if (typeof value === 'string') return text(value)
  if (typeof value === 'number') return number(value)
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'object') return object(value, depth, above)
  throw refused('type')
}

/** RFC 8785 3.2.3: by UTF-16 code units, as `<` compares. What is in order already, as most is, is left as it is. */
const sorted = (names: string[]): string[] => {
  for (let place = 1; place < names.length; place += 1) if (names[place - 1]! > names[place]!) return names.sort()
  return names
}

const INDEX = /^[0-9]/
const ESCAPED = /\\ud[89a-f]/

/** The value with its members in order, or `undefined` where only the careful way can tell what is wrong with it. */
const inOrder = (value: unknown, depth: number): unknown => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'object' || depth > DEPTH_MAX) return undefined
  if (Array.isArray(value)) {
    const items: unknown[] = []
    // By number: an item that is missing must be met.
    for (let place = 0; place < value.length; place += 1) {
      const item = inOrder(value[place], depth + 1)
      if (item === undefined) return undefined
      items.push(item)
    }
    return items
  }
  if (!isPlain(value)) return undefined
  const members = value as Readonly<Record<string, unknown>>
  const ordered: Record<string, unknown> = {}
  for (const name of sorted(Object.keys(members))) {
    // Engines put names that are numbers first, and take `__proto__` for something else.
    if (INDEX.test(name) || name === '__proto__') return undefined
    const member = inOrder(members[name], depth + 1)
    if (member === undefined) return undefined
    ordered[name] = member
  }
  return ordered
}

/** What the engine writes of a value in order is canonical; null where that is not sure. */
const quick = (value: unknown): string | null => {
  const ordered = inOrder(value, 0)
  if (ordered === undefined) return null
  const written = JSON.stringify(ordered)
  // The engine escapes a lone surrogate; a text that looks like one is left to the careful way.
  return ESCAPED.test(written) ? null : written
}

/**
 * Canonical JSON (RFC 8785): one text for one value. Strict: throws REQUEST_INVALID with `json-number` (NaN, infinity),
 * `json-surrogate`, `json-type` (undefined, functions, bigint, dates and every other class), `json-cycle`, `json-depth`
 * (over 64). A field left out and a field that is `undefined` are not the same here: the second is refused.
 */
export const canonicalize = (value: Json): string => quick(value) ?? write(value, 0, new Set())

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The same as UTF-8 bytes. */
export const canonicalBytes = (value: Json): Uint8Array => utf8.encode(canonicalize(value))

/** Reads bytes that must be canonical JSON, byte for byte; throws REQUEST_INVALID (`json-not-canonical`) otherwise. */
export const parseCanonical = (bytes: Uint8Array): Json => {
  let value: Json
  let source: string
  try {
    source = strictUtf8.decode(bytes)
    value = JSON.parse(source) as Json
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', { reason: 'json-not-canonical' }, { cause })
  }
  // Duplicate names, blanks, other escapes and number forms all come back different.
  if (canonicalize(value) !== source) throw refused('not-canonical')
  return value
}
