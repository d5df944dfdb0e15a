/** The schedules that a person may choose by words; anything else is five fields of a cron expression. */
export type Rhythm =
  | { readonly kind: 'hourly'; readonly minute: number }
  | { readonly kind: 'daily'; readonly time: string }
  | { readonly kind: 'weekly'; readonly time: string; readonly day: number }
  | { readonly kind: 'monthly'; readonly time: string; readonly date: number }
  | { readonly kind: 'own'; readonly cron: string }

const number = (text: string | undefined, max: number): number | null =>
  text !== undefined && /^\d{1,2}$/.test(text) && Number(text) <= max ? Number(text) : null
const two = (n: number): string => String(n).padStart(2, '0')

/** What an expression says in words; `own` where it says more than the words can. */
export const parseRhythm = (cron: string): Rhythm => {
  const own: Rhythm = { kind: 'own', cron: cron.trim() }
  const fields = cron.trim().split(/\s+/)
  const [, , date, month, day] = fields
  const minute = number(fields[0], 59)
  const hour = number(fields[1], 23)
  if (fields.length !== 5 || minute === null || month !== '*') return own
  if (fields[1] === '*') return date === '*' && day === '*' ? { kind: 'hourly', minute } : own
  if (hour === null) return own
  const time = `${two(hour)}:${two(minute)}`
  if (date === '*' && day === '*') return { kind: 'daily', time }
  const weekday = number(day, 7)
  if (date === '*' && weekday !== null) return { kind: 'weekly', time, day: weekday % 7 }
  const monthday = number(date, 31)
  return day === '*' && monthday !== null && monthday > 0 ? { kind: 'monthly', time, date: monthday } : own
}

const clock = (time: string): string => {
  const [hour, minute] = time.split(':').map(Number)
  return `${minute ?? 0} ${hour ?? 0}`
}

export const formatRhythm = (rhythm: Rhythm): string => {
  switch (rhythm.kind) {
    case 'hourly':
      return `${rhythm.minute} * * * *`
    case 'daily':
      return `${clock(rhythm.time)} * * *`
    case 'weekly':
      return `${clock(rhythm.time)} * * ${rhythm.day}`
    case 'monthly':
      return `${clock(rhythm.time)} ${rhythm.date} * *`
    default:
      return rhythm.cron
  }
}
