/** English dates day first, as the offices of the domain write them. */
const tag = (language: string): string => (language === 'en' ? 'en-GB' : language)
const part = (language: string, options: Intl.DateTimeFormatOptions, zone?: string) =>
  new Intl.DateTimeFormat(tag(language), { ...options, ...(zone === undefined ? {} : { timeZone: zone }) })

/** Day and time to the second, in the reader's zone. */
export const formatInstant = (ms: number, language: string, zone?: string): string =>
  part(language, { dateStyle: 'medium', timeStyle: 'medium' }, zone).format(ms)

/** "2026-11-22 12:24:13.007 UTC": for the hover, the same in every language. */
export const formatUtc = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', ' UTC')

/** A calendar date has no zone: it is the same day everywhere. */
export const formatDate = (date: string, language: string): string =>
  part(language, { dateStyle: 'medium' }, 'UTC').format(Date.parse(date))

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const

/** "3 minutes ago", "in 2 hours". */
export const formatAgo = (ms: number, now: number, language: string): string => {
  const relative = new Intl.RelativeTimeFormat(tag(language), { numeric: 'auto' })
  const distance = ms - now
  const [unit, size] = UNITS.find(([, unitMs]) => Math.abs(distance) >= unitMs) ?? ['second', 1000]
  return relative.format(Math.round(distance / size), unit)
}

/** "2 d 3 h", "4 min", "12 s": at most two units, rounded down. */
export const formatDuration = (ms: number, language: string): string => {
  const format = (value: number, unit: string) =>
    new Intl.NumberFormat(tag(language), { style: 'unit', unit, unitDisplay: 'short' }).format(value)
  let rest = Math.max(0, ms)
  const parts: string[] = []
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size)
    if (count === 0 && parts.length === 0) continue
    if (count > 0) parts.push(format(count, unit))
    rest -= count * size
    if (parts.length === 2 || count === 0) break
  }
  return parts.length === 0 ? format(0, 'second') : parts.join(' ')
}

/** For `<input type="datetime-local">`, which speaks local time without a zone. */
export const toLocalInput = (ms: number): string => {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}
export const fromLocalInput = (text: string): number | null => {
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? null : ms
}
