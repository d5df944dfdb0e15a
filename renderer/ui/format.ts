/** Dates, times and numbers in the reader's locale. `locale` is a BCP 47 tag ("en", "it"); times are UTC milliseconds. */
const TIME: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
const DATE: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', year: 'numeric' }

/** English dates day first, as the domain's offices write them. */
const tag = (locale: string): string => (locale === 'en' ? 'en-GB' : locale)

export const formatTime = (ms: number, locale: string, timeZone?: string): string =>
  new Intl.DateTimeFormat(tag(locale), { ...TIME, ...zone(timeZone) }).format(ms)

export const formatDateTime = (ms: number, locale: string, timeZone?: string): string =>
  new Intl.DateTimeFormat(tag(locale), { ...DATE, ...TIME, ...zone(timeZone) }).format(ms)

export const formatDay = (ms: number, locale: string, timeZone?: string): string =>
  new Intl.DateTimeFormat(tag(locale), { ...DATE, ...zone(timeZone) }).format(ms)

/** A calendar date (`YYYY-MM-DD`) belongs to no time zone and is shown as it is. */
export const formatCalendarDate = (date: string, locale: string): string =>
  new Intl.DateTimeFormat(tag(locale), { ...DATE, timeZone: 'UTC' }).format(Date.parse(`${date}T00:00:00Z`))

/** The same instant in UTC, for the hover text: `2026-03-01 10:15:00 UTC`. */
export const formatUtc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** Below a minute in seconds with one decimal, above in minutes and seconds. */
export function formatDuration(ms: number, locale: string): string {
  const seconds = Math.max(0, ms) / 1000
  const number = (value: number, digits: number) =>
    new Intl.NumberFormat(tag(locale), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value)
  if (seconds < 60) return `${number(seconds, 1)} s`
  return `${number(Math.floor(seconds / 60), 0)} min ${number(Math.floor(seconds % 60), 0)} s`
}

export const formatNumber = (value: number, locale: string): string => new Intl.NumberFormat(tag(locale)).format(value)

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** "3.4 MB", in steps of 1000. */
export const formatBytes = (bytes: number, locale: string): string => {
  const step = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  return new Intl.NumberFormat(tag(locale), {
    style: 'unit',
    unit: UNITS[step] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits: step === 0 ? 0 : 1,
  }).format(bytes / 1000 ** step)
}

/** Serials in groups of four, so that two people can read one to each other. */
export const formatSerial = (serial: string): string => serial.replace(/(.{4})(?=.)/g, '$1 ')

export const fullName = (person: { givenNames: string; familyName: string }): string =>
  `${person.givenNames} ${person.familyName}`

/** The calendar date of an instant here, `YYYY-MM-DD`. */
export function localDate(ms: number): string {
  const d = new Date(ms)
  const pad = (n: number, size: number) => String(n).padStart(size, '0')
  return `${pad(d.getFullYear(), 4)}-${pad(d.getMonth() + 1, 2)}-${pad(d.getDate(), 2)}`
}

const zone = (timeZone: string | undefined): Intl.DateTimeFormatOptions => (timeZone === undefined ? {} : { timeZone })
