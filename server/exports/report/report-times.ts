const SLOT_MS = 15 * 60_000

/** Times of a zone, as people of any country read them: 2026-11-22 13:00:00 UTC+01:00. */
export function zonedTimes(timeZone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', timeZoneName: 'longOffset' })
  // No zone changes its offset within a quarter of an hour that begins on the clock.
  const offsets = new Map<number, string>()
  const offsetAt = (at: number): string => {
    const slot = Math.floor(at / SLOT_MS)
    const known = offsets.get(slot)
    if (known !== undefined) return known
    const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? ''
    const offset = name === 'GMT' ? '+00:00' : name.replace('GMT', '')
    offsets.set(slot, offset)
    return offset
  }
  return (at) => {
    const offset = offsetAt(at)
    const [, sign = '+', hours = '0', minutes = '0', seconds = '0'] =
      /^([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(offset) ?? []
    const shift = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * (sign === '-' ? -1000 : 1000)
    return `${new Date(at + shift).toISOString().slice(0, 19).replace('T', ' ')} UTC${offset}`
  }
}

/** With milliseconds, as in the entries. */
export const utcTime = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', ' UTC')
