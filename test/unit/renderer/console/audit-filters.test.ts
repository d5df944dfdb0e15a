import { describe, expect, it } from 'vitest'
import {
  activeFilters,
  formatFilters,
  NO_FILTERS,
  parseEntryRef,
  parseFilters,
  toQuery,
  type AuditFilters,
} from '../../../../renderer/console/route/audit-filters.ts'
import { parsePlace } from '../../../../renderer/console/route/location.ts'
import { parseRoute } from '../../../../renderer/ui/route.ts'
import { AuditFilter } from '../../../../shared/contract/index.ts'

const FULL: AuditFilters = {
  range: { kind: 'between', from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 1, 1, 10, 30) },
  objectType: 'secret-code',
  objectId: 'holder_00000001',
  action: 'AccessDenied',
  operator: 'José & Søn #1',
  office: 'Central',
  station: 'Counter 1',
  text: 'a=b&c "d" %20',
}

describe('when filters are in the URL', () => {
  it.each<[string, AuditFilters]>([
    ['none', NO_FILTERS],
    ['all', FULL],
    ['a preset', { ...NO_FILTERS, range: { kind: 'last', preset: '24h' } }],
    ['an open end', { ...NO_FILTERS, range: { kind: 'between', from: 1000, to: null } }],
    ['an open start', { ...NO_FILTERS, range: { kind: 'between', from: null, to: 1000 } }],
  ])('comes back as it went: %s', (_, filters) => {
    const search = formatFilters(filters)
    expect(parseFilters(new URLSearchParams(search.toString()))).toEqual(filters)
  })

  it.each([
    ['last=2weeks', 'range'],
    ['from=yesterday', 'range'],
    ['objectType=wallet', 'objectType'],
    ['action=Hack', 'action'],
    ['text=', 'text'],
    ['text=%00', 'text'],
    [`operator=${'x'.repeat(201)}`, 'operator'],
  ] as const)('leaves out what is not a value: %s', (search, name) => {
    expect(parseFilters(new URLSearchParams(search))[name]).toBeNull()
  })

  it('asks the server only what its schema takes', () => {
    expect(AuditFilter.safeParse(toQuery(FULL, 0)).success).toBe(true)
    expect(toQuery(NO_FILTERS, 0)).toEqual({})
  })
  it('reaches back from the time that was given', () => {
    const filters: AuditFilters = { ...NO_FILTERS, range: { kind: 'last', preset: '1h' } }
    expect(toQuery(filters, 10_000_000)).toEqual({ from: 6_400_000 })
  })
  it('names the filters that are set', () => {
    expect(activeFilters(NO_FILTERS)).toEqual([])
    expect(activeFilters({ ...NO_FILTERS, text: 'x', action: 'Login' })).toEqual(['action', 'text'])
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
    ['#/constructor', { screen: 'unknown' }],
    ['#/trail/%E0%A4%A/x', { screen: 'overview' }],
  ])('%s', (hash, place) => {
    expect(parsePlace(parseRoute(hash))).toEqual(place)
  })
})
