import { canonicalize } from '../audit/jcs.ts'
import type { Json } from '../audit/json.ts'

/** The members of a payload as JSON texts, taken out of its canonical form as they stand there. */
export interface PayloadParts {
  readonly after: string
  readonly before: string
  readonly changed: string
  readonly reason: string
}

const MARKS = [',"before":', ',"changed":[', ',"reason":'] as const

/** The one place of a mark, or -1 where a member further down has the same name. */
const onlyPlace = (text: string, mark: string, from: number): number => {
  const place = text.indexOf(mark, from)
  return place >= 0 && text.indexOf(mark, place + 1) < 0 ? place : -1
}

/**
 * Quotes inside of strings are escaped, so a mark is never text; where it comes once it is the payload's own member.
 * Otherwise the payload is read and written again. `text`: canonical, as `encodePayload` writes it.
 */
export const payloadParts = (text: string): PayloadParts => {
  const before = onlyPlace(text, MARKS[0], 9)
  const changed = before < 0 ? -1 : onlyPlace(text, MARKS[1], before)
  const reason = changed < 0 ? -1 : onlyPlace(text, MARKS[2], changed)
  if (reason < 0 || !text.startsWith('{"after":')) return slowParts(text)
  return {
    after: text.slice(9, before),
    before: text.slice(before + 10, changed),
    changed: text.slice(changed + 11, reason),
    reason: text.slice(reason + 10, -1),
  }
}

const slowParts = (text: string): PayloadParts => {
  const { after, before, changed, reason } = JSON.parse(text) as Readonly<Record<keyof PayloadParts, Json>>
  return {
    after: canonicalize(after),
    before: canonicalize(before),
    changed: canonicalize(changed),
    reason: canonicalize(reason),
  }
}

/** What a JSON text of a string or null says; null for null. */
export const plainText = (json: string): string | null => {
  if (json === 'null') return null
  return json.includes('\\') ? (JSON.parse(json) as string) : json.slice(1, -1)
}
