import { describe, expect, it } from 'vitest'
import {
  chipsOf,
  formatFilters,
  fromSaved,
  isFiltered,
  NO_FILTERS,
  parseEntryRef,
  parseFilters,
  parseTyped,
  sameFilters,
  toQuery,
  toSaved,
  withoutChip,
  type AuditFilters,
} from '../../../../renderer/console/route/audit-filters.ts'
import { parsePlace, rangeOf } from '../../../../renderer/console/route/location.ts'
import { parseRoute } from '../../../../renderer/ui/route.ts'
import { AuditFilter, SavedAuditSearch } from '../../../../shared/contract/index.ts'

const FULL: AuditFilters = {
  range: { kind: 'between', from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 1, 1, 10, 30) },
  objectType: ['holder', 'secret-code'],
  action: ['AccessDenied'],
  operator: ['José & Søn #1', 'Rossi'],
  office: ['Central'],
  station: ['Counter 1'],
  tenant: ['default'],
  chain: ['node-1.example', 'node-2'],
  objectId: 'holder_00000001',
  correlationId: 'req-1',
  text: 'a=b&c "d e" %20 begin*',
}
const CASES: [string, AuditFilters][] = [
  ['none', NO_FILTERS],
  ['all', FULL],
  ['a preset', { ...NO_FILTERS, range: { kind: 'last', preset: '24h' } }],
  ['an open end', { ...NO_FILTERS, range: { kind: 'between', from: 1000, to: null } }],
  ['an open start', { ...NO_FILTERS, range: { kind: 'between', from: null, to: 1000 } }],
]

describe('when filters are in the URL', () => {
  it.each(CASES)('comes back as it went: %s', (_, filters) => {
    const search = formatFilters(filters)
    expect(parseFilters(new URLSearchParams(search.toString()))).toEqual(filters)
  })
  it.each(CASES)('comes back from the server as it was saved: %s', (_, filters) => {
    const saved = toSaved(filters)
    expect(SavedAuditSearch.safeParse(saved).success).toBe(true)
    expect(fromSaved(saved)).toEqual(filters)
    expect(sameFilters(fromSaved(saved), filters)).toBe(true)
  })

  it.each([
    ['last=2weeks', 'range', null],
    ['from=yesterday', 'range', null],
    ['objectType=wallet', 'objectType', []],
    ['objectType=wallet,card', 'objectType', ['card']],
    ['action=Hack', 'action', []],
    ['chain=NODE,node-1', 'chain', ['node-1']],
    ['text=', 'text', null],
    ['text=%00', 'text', null],
    ['operator=,%20,', 'operator', []],
    ['operator=a,a', 'operator', ['a']],
    [`operator=${'x'.repeat(201)}`, 'operator', []],
  ] as const)('leaves out what is not a value: %s', (search, name, left) => {
    expect(parseFilters(new URLSearchParams(search))[name]).toEqual(left)
  })
  it('takes several typed values with commas between them', () => {
    expect(parseTyped('operator', ' Rossi,  Conti ,')).toEqual(['Rossi', 'Conti'])
    expect(parseTyped('chain', 'node-1, no chain')).toEqual(['node-1'])
    expect(parseTyped('operator', null)).toEqual([])
  })

  it('asks the server only what its schema takes', () => {
    expect(AuditFilter.safeParse(toQuery(FULL, 0)).success).toBe(true)
    expect(toQuery(NO_FILTERS, 0)).toEqual({})
  })
  it('reaches back from the time that was given', () => {
    const filters: AuditFilters = { ...NO_FILTERS, range: { kind: 'last', preset: '1h' } }
    expect(toQuery(filters, 10_000_000)).toEqual({ from: 6_400_000 })
  })
  it('has a chip for each value, and each takes itself alone away', () => {
    expect(chipsOf(NO_FILTERS)).toEqual([])
    expect(isFiltered(NO_FILTERS)).toBe(false)
    const chips = chipsOf(FULL)
    expect(chips).toHaveLength(14)
    let rest = FULL
    for (const [index, chip] of chips.entries()) {
      rest = withoutChip(rest, chip)
      expect(chipsOf(rest)).toHaveLength(chips.length - index - 1)
    }
    expect(rest).toEqual(NO_FILTERS)
    expect(withoutChip(FULL, { name: 'operator', value: 'Rossi' }).operator).toEqual(['José & Søn #1'])
  })

  it.each([
    ['node-1.example:42', { chain: 'node-1.example', sequence: 42 }],
    ['node:-1', null],
    ['NODE:1', null],
    ['node', null],
  ])('reads the open entry %s', (entry, expected) => {
    expect(parseEntryRef(new URLSearchParams({ entry }))).toEqual(expected)
  })
})

describe('when a place is read from the URL', () => {
  it.each([
    ['', { screen: 'overview' }],
    ['#/', { screen: 'overview' }],
    ['#/audit?text=a%20b', { screen: 'audit', query: { text: 'a b' } }],
    ['#/trail/holder/holder_1', { screen: 'trail', objectType: 'holder', objectId: 'holder_1' }],
    ['#/trail/holder', { screen: 'unknown' }],
    ['#/health/more', { screen: 'unknown' }],
    ['#/mail', { screen: 'unknown' }],
    ['#/jobs/mail', { screen: 'mail' }],
    ['#/jobs?state=dead', { screen: 'jobs', query: { state: 'dead' } }],
    ['#/verification', { screen: 'verification', query: {} }],
    ['#/access/review?year=2025', { screen: 'access-review', query: { year: '2025' } }],
    ['#/retention', { screen: 'retention', part: 'window', query: {} }],
    ['#/retention/cleaning', { screen: 'retention', part: 'cleaning', query: {} }],
    ['#/retention/window', { screen: 'unknown' }],
    ['#/retention/everything', { screen: 'unknown' }],
    ['#/constructor', { screen: 'unknown' }],
    ['#/trail/%E0%A4%A/x', { screen: 'overview' }],
  ])('%s', (hash, place) => {
    expect(parsePlace(parseRoute(hash))).toEqual(place)
  })
  it('takes the time range along, and nothing else', () => {
    expect(rangeOf({ last: '24h', text: 'x', entry: 'a:1' })).toEqual({ last: '24h' })
    expect(rangeOf({ from: '2026-01-01', to: '2026-02-01' })).toEqual({ from: '2026-01-01', to: '2026-02-01' })
  })
})
