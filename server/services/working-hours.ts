import type { WorkingHours } from '../../shared/contract/index.ts'

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const clocks = new Map<string, Intl.DateTimeFormat>()
const clockOf = (zone: string): Intl.DateTimeFormat => {
  const known = clocks.get(zone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
  })
  clocks.set(zone, made)
  return made
}

interface LocalTime {
  /** `YYYY-MM`. */
  readonly month: string
  readonly year: number
  /** ISO, 1 is Monday. */
  readonly weekday: number
  readonly hour: number
}

/** An instant (UTC in ms) as the zone's clock shows it. */
export const localTime = (zone: string, at: number): LocalTime => {
  const parts = new Map(
    clockOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  const year = Number(parts.get('year'))
  return {
    month: `${year}-${parts.get('month') ?? ''}`,
    year,
    weekday: WEEKDAYS.indexOf(parts.get('weekday') ?? '') + 1,
    hour: Number(parts.get('hour')),
  }
}

export const isOutOfHours = ({ from, to, days, zone }: WorkingHours, at: number): boolean => {
  const { weekday, hour } = localTime(zone, at)
  return !days.includes(weekday) || hour < from || hour >= to
}

const DAY_MS = 86_400_000
/** The first instant of a calendar year in the zone: offsets are whole minutes and below a day. */
export const yearStart = (zone: string, year: number): number => {
  let [before, after] = [Date.UTC(year, 0, 1) - DAY_MS, Date.UTC(year, 0, 1) + DAY_MS]
  while (after - before > 60_000) {
    const middle = before + Math.floor((after - before) / 120_000) * 60_000
    if (localTime(zone, middle).year < year) before = middle
    else after = middle
  }
  return after
}
