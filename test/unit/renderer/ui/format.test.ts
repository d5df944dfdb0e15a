import { describe, expect, it } from 'vitest'
import {
  formatCalendarDate,
  formatDateTime,
  formatDuration,
  formatNumber,
  formatSerial,
  formatTime,
  formatUtc,
  fullName,
  localDate,
} from '../../../../renderer/ui/format.ts'

const at = Date.UTC(2026, 2, 1, 9, 5, 7)

describe('when an instant is shown', () => {
  it.each([
    ['en', 'UTC', '1 Mar 2026, 09:05'],
    ['it', 'UTC', '1 mar 2026, 09:05'],
    ['en', 'Europe/Rome', '1 Mar 2026, 10:05'],
  ])('is in the locale %s and zone %s', (locale, zone, shown) => {
    expect(formatDateTime(at, locale, zone)).toBe(shown)
  })
  it('is in 24 hours', () => {
    expect(formatTime(Date.UTC(2026, 2, 1, 0, 5), 'en', 'UTC')).toBe('00:05')
  })
  it('is in UTC for the hover', () => {
    expect(formatUtc(at)).toBe('2026-03-01 09:05:07 UTC')
  })
})

describe('when a calendar date is shown', () => {
  it.each([
    ['1984-03-12', 'en', '12 Mar 1984'],
    ['1984-03-12', 'it', '12 mar 1984'],
    ['2000-01-01', 'en', '1 Jan 2000'],
  ])('%s keeps its day whatever the zone (%s)', (date, locale, shown) => {
    expect(formatCalendarDate(date, locale)).toBe(shown)
  })
})

describe('when a time taken is shown', () => {
  it.each([
    [0, 'en', '0.0 s'],
    [-5, 'en', '0.0 s'],
    [1234, 'en', '1.2 s'],
    [1234, 'it', '1,2 s'],
    [59_940, 'en', '59.9 s'],
    [61_000, 'en', '1 min 1 s'],
  ])('%d ms in %s is %s', (ms, locale, shown) => {
    expect(formatDuration(ms, locale)).toBe(shown)
  })
})

describe('when a serial is read aloud', () => {
  it.each([
    ['A1B2C3D4', 'A1B2 C3D4'],
    ['A1B2C', 'A1B2 C'],
    ['A1', 'A1'],
    ['', ''],
  ])('%s is grouped by four', (serial, shown) => {
    expect(formatSerial(serial)).toBe(shown)
  })
})

it('writes names, numbers and the local date', () => {
  expect(fullName({ givenNames: 'Anna Maria', familyName: 'Rossi' })).toBe('Anna Maria Rossi')
  expect(formatNumber(12_345, 'en')).toBe('12,345')
  expect(formatNumber(12_345, 'it')).toBe('12.345')
  expect(localDate(new Date(2026, 0, 5, 23, 59).getTime())).toBe('2026-01-05')
})
