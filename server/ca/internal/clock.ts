export const DAY_MS = 86_400_000

/** Certificates count in seconds; what is stored beside them must say the same. */
export const wholeSeconds = (time: Date): Date => new Date(Math.floor(time.getTime() / 1000) * 1000)
export const addMinutes = (time: Date, minutes: number): Date => new Date(time.getTime() + minutes * 60_000)
export const addHours = (time: Date, hours: number): Date => addMinutes(time, hours * 60)
export const addDays = (time: Date, days: number): Date => new Date(time.getTime() + days * DAY_MS)
export const earlier = (a: Date, b: Date): Date => (a < b ? a : b)
