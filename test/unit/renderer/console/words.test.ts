import { describe, expect, it } from 'vitest'
import { formatBytes } from '../../../../renderer/console/format/bytes.ts'
import { formatRhythm, parseRhythm, type Rhythm } from '../../../../renderer/console/format/cron.ts'
import { shownId } from '../../../../renderer/console/format/shown-id.ts'
import { accessQuery, formatAccess, parseAccess } from '../../../../renderer/console/screens/access/access-filters.ts'
import { worstFirst } from '../../../../renderer/console/stores/alarm-store.ts'
import type { AlarmView } from '../../../../shared/contract/routes/alarms.ts'

describe('when a schedule is put into words', () => {
  it.each<[string, Rhythm]>([
    ['15 * * * *', { kind: 'hourly', minute: 15 }],
    ['0 2 * * *', { kind: 'daily', time: '02:00' }],
    ['30 23 * * 0', { kind: 'weekly', time: '23:30', day: 0 }],
    ['5 4 1 * *', { kind: 'monthly', time: '04:05', date: 1 }],
    ['*/5 * * * *', { kind: 'own', cron: '*/5 * * * *' }],
    ['0 2 * * 1-5', { kind: 'own', cron: '0 2 * * 1-5' }],
    ['0 2 1 1 *', { kind: 'own', cron: '0 2 1 1 *' }],
    ['0 2 1 * 1', { kind: 'own', cron: '0 2 1 * 1' }],
    ['0 99 * * *', { kind: 'own', cron: '0 99 * * *' }],
    ['nonsense', { kind: 'own', cron: 'nonsense' }],
  ])('%s', (cron, rhythm) => {
    expect(parseRhythm(cron)).toEqual(rhythm)
    expect(formatRhythm(rhythm)).toBe(cron)
  })
  it('takes both names of Sunday', () => {
    expect(parseRhythm('0 2 * * 7')).toEqual({ kind: 'weekly', time: '02:00', day: 0 })
  })
})

describe('when an id has no name', () => {
  it.each([
    ['holder_01JABCDEFGHJKMNPQ', '…JKMNPQ'],
    ['console-request_00000000000000ab', '…0000ab'],
    ['certificate.revoke', 'certificate.revoke'],
    ['A1B2C3D4', 'A1B2C3D4'],
    ['server', 'server'],
    ['holder_short', 'holder_short'],
  ])('%s is shown as %s', (id, shown) => {
    expect(shownId(id)).toBe(shown)
  })
})

describe('when a size is shown', () => {
  it.each([
    [0, '0 byte'],
    [999, '999 byte'],
    [391_220, '391.2 kB'],
    [3_400_000, '3.4 MB'],
    [2e15, '2,000 TB'],
  ])('%s', (bytes, text) => {
    expect(formatBytes(bytes, 'en')).toBe(text)
  })
})

describe('when alarms are open', () => {
  const alarm = (id: string, severity: AlarmView['severity'], acknowledgedAt: number | null, lastRaisedAt: number) =>
    ({ id, severity, acknowledgedAt, lastRaisedAt }) as AlarmView
  it('the worst that nobody sees to comes first', () => {
    const sorted = worstFirst([
      alarm('old-warning', 'warning', null, 1),
      alarm('seen-critical', 'critical', 5, 9),
      alarm('new-warning', 'warning', null, 2),
      alarm('critical', 'critical', null, 1),
    ])
    expect(sorted.map(({ id }) => id)).toEqual(['critical', 'seen-critical', 'new-warning', 'old-warning'])
  })
})

describe('when accesses are looked for', () => {
  it('comes back from the URL as it went', () => {
    const filters = { range: { kind: 'last', preset: '7d' }, event: 'failed', means: 'shell', text: 'a&b' } as const
    expect(parseAccess(new URLSearchParams(formatAccess(filters).toString()))).toEqual(filters)
    expect(accessQuery(filters, 604_800_000)).toEqual({ from: 0, event: ['failed'], means: ['shell'], text: 'a&b' })
  })
  it('leaves out what is not a value', () => {
    const search = new URLSearchParams('event=burgled&means=window&text=%00&last=ever')
    expect(parseAccess(search)).toEqual({ range: null, event: null, means: null, text: null })
  })
})
