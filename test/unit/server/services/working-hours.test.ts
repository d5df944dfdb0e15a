import { describe, expect, it } from 'vitest'
import { isOutOfHours, localTime, yearStart } from '../../../../server/services/working-hours.ts'

const HOURS = { from: 7, to: 20, days: [1, 2, 3, 4, 5], zone: 'Europe/Rome' }

describe('when an access is put in or out of hours', () => {
  it.each([
    ['2026-03-02T06:00:00Z', false, 'Monday 7:00 in winter'],
    ['2026-03-02T05:59:59Z', true, 'Monday 6:59'],
    ['2026-07-06T05:00:00Z', false, 'Monday 7:00 in summer'],
    ['2026-07-06T17:59:59Z', false, 'Monday 19:59'],
    ['2026-07-06T18:00:00Z', true, 'Monday 20:00'],
    ['2026-07-04T10:00:00Z', true, 'Saturday'],
    ['2026-07-05T22:30:00Z', true, 'Monday 0:30, Sunday in UTC'],
  ])('judges %s', (text, isOut) => {
    expect(isOutOfHours(HOURS, Date.parse(text))).toBe(isOut)
  })
})

describe('when a year begins', () => {
  it.each([
    ['UTC', 2026, '2026-01-01T00:00:00Z'],
    ['Europe/Rome', 2026, '2025-12-31T23:00:00Z'],
    ['Asia/Kolkata', 2026, '2025-12-31T18:30:00Z'],
    ['America/St_Johns', 2027, '2027-01-01T03:30:00Z'],
    ['Pacific/Kiritimati', 2026, '2025-12-31T10:00:00Z'],
    ['Pacific/Pago_Pago', 2026, '2026-01-01T11:00:00Z'],
  ])('knows it in %s', (zone, year, text) => {
    expect(new Date(yearStart(zone, year)).toISOString()).toBe(new Date(text).toISOString())
    expect(localTime(zone, yearStart(zone, year))).toMatchObject({ year, month: `${year}-01`, hour: 0 })
    expect(localTime(zone, yearStart(zone, year) - 1)).toMatchObject({ year: year - 1, month: `${year - 1}-12` })
  })
})
