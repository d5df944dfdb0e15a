import type { Json } from '../audit/json.ts'

/** An optional member that is `undefined` is one that is left out. */
export const withoutUndefined = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json
