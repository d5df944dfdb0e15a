import { describe, expect, it } from 'vitest'
import { createServerClock } from '../../../../renderer/console/client/server-clock.ts'
import {
  formatDuration,
  formatInstant,
  formatUtc,
  fromLocalInput,
  toLocalInput,
} from '../../../../renderer/console/format/time.ts'

const AT = Date.UTC(2026, 2, 1, 9, 5, 7, 42)

describe('when a time is shown', () => {
  it.each([
    ['en', 'Europe/Rome', '1 Mar 2026, 10:05:07'],
    ['it', 'Europe/Rome', '1 mar 2026, 10:05:07'],
    ['en', 'UTC', '1 Mar 2026, 09:05:07'],
  ])('is in the zone and words of the reader: %s %s', (language, zone, text) => {
    expect(formatInstant(AT, language, zone)).toBe(text)
  })
  it('is in UTC to the millisecond on hover', () => {
    expect(formatUtc(AT)).toBe('2026-03-01 09:05:07.042 UTC')
  })
  it.each([
    [0, '0 sec'],
    [-5, '0 sec'],
    [59_999, '59 sec'],
    [299_000, '4 min 59 sec'],
    [3_600_000, '1 hr'],
    [93_000_000, '1 day 1 hr'],
  ])('lasts %s ms', (ms, text) => {
    expect(formatDuration(ms, 'en').replaceAll(/secs|mins|hrs/g, (unit) => unit.slice(0, -1))).toBe(text)
  })
  it('goes into a field for local time and comes back to the minute', () => {
    expect(fromLocalInput(toLocalInput(AT))).toBe(Math.floor(AT / 60_000) * 60_000)
    expect(fromLocalInput('')).toBeNull()
  })
})

describe('when the clock here is wrong', () => {
  it('follows the server, half the way of the answer counted', () => {
    let local = 1000
    const clock = createServerClock(() => local)
    expect(clock.now()).toBe(1000)
    local = 1200
    clock.learn(500_100, 1000)
    expect(clock.now()).toBe(500_200)
  })
})
