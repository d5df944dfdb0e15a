/** How a field's value is to be read: an instant, a calendar date, or as it stands. */
export type FieldKind = 'instant' | 'date' | 'plain'

const OLDEST = Date.UTC(2000, 0, 1)
const NEWEST = Date.UTC(2200, 0, 1)
const INSTANT_NAME = /(At|Time|time|notBefore|notAfter)$/

/** Decides by the field's name and the value: a count of five is never shown as a day in 1970. */
export const fieldKind = (path: string, value: unknown): FieldKind => {
  const name = path.split('.').at(-1) ?? ''
  if (typeof value === 'number' && INSTANT_NAME.test(name) && value >= OLDEST && value < NEWEST) return 'instant'
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value))) return 'date'
  return 'plain'
}
