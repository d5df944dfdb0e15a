import { describe, expect, it } from 'vitest'
import { nextTime } from '../../../../server/jobs/cron.ts'

const utc = (text: string): number => Date.parse(`${text}Z`)

describe('when the next time of a schedule is asked for', () => {
  it.each([
    ['30 2 * * *', 'UTC', '2026-01-05T02:29:59', '2026-01-05T02:30:00'],
    ['30 2 * * *', 'UTC', '2026-01-05T02:30:00', '2026-01-06T02:30:00'],
    ['30 2 * * *', 'Europe/Rome', '2026-01-05T00:00:00', '2026-01-05T01:30:00'],
    ['0 0 29 2 *', 'UTC', '2026-01-01T00:00:00', '2028-02-29T00:00:00'],
    ['*/15 * * * 1-5', 'UTC', '2026-01-03T00:00:00', '2026-01-05T00:00:00'],
    // The hour that summer time takes away: it fires, once, where that hour would have been.
    ['30 2 * * *', 'Europe/Rome', '2026-03-29T00:00:00', '2026-03-29T01:00:00'],
  ])('%s in %s after %s is %s', (cron, zone, after, next) => {
    expect(new Date(nextTime(cron, zone, utc(after))).toISOString()).toBe(new Date(utc(next)).toISOString())
  })

  it('fires once in the hour that comes twice', () => {
    const first = nextTime('30 2 * * *', 'Europe/Rome', utc('2026-10-24T12:00:00'))
    expect(nextTime('30 2 * * *', 'Europe/Rome', first) - first).toBeGreaterThan(20 * 3_600_000)
  })

  it.each([
    ['', 'UTC'],
    ['* * * *', 'UTC'],
    ['* * * * * *', 'UTC'],
    ['61 * * * *', 'UTC'],
    ['@daily; rm', 'UTC'],
    ['0 0 31 2 *', 'UTC'],
    ['* * * * *', 'Mars/Olympus'],
  ])('refuses %j in %s', (cron, zone) => {
    expect(() => nextTime(cron, zone, 0)).toThrow(expect.objectContaining({ code: 'JOB_SCHEDULE_INVALID' }))
  })
})
