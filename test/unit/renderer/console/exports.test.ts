import { describe, expect, it } from 'vitest'
import { parseSelection, selectionQuery } from '../../../../renderer/console/route/export-selection.ts'
import { isTooManyForPdf, settleChoices } from '../../../../renderer/console/screens/exports/export-choices.ts'
import { commonName, lifeOf } from '../../../../renderer/console/screens/keys/certificate-life.ts'
import type { ExportEstimate, ExportSelection } from '../../../../shared/contract/routes/exports.ts'

describe('when a selection stands in the address', () => {
  it.each<ExportSelection>([
    { kind: 'search', search: {} },
    { kind: 'search', search: { last: '7d', objectType: ['holder', 'card'], text: '"Anna Rossi"', chain: ['a.b'] } },
    { kind: 'search', search: { from: 0, to: 1000, operator: ['Elena'], objectId: 'holder_1' } },
    { kind: 'object', objectType: 'holder', objectId: 'holder_00000003' },
    { kind: 'chain', chain: 'desk-server-1' },
  ])('%j comes back as it went', (selection) => {
    const search = new URLSearchParams(selectionQuery(selection)).toString()
    expect(parseSelection(Object.fromEntries(new URLSearchParams(search)))).toEqual(selection)
  })
  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['another kind', { of: 'everything' }],
    ['an object without an id', { of: 'object', objectType: 'holder' }],
    ['an object of no type', { of: 'object', objectType: 'Holder!', objectId: 'x' }],
    ['a chain with a name it cannot have', { of: 'chain', chain: '../x' }],
  ])('%s selects nothing', (_what, query) => {
    expect(parseSelection(query)).toBeNull()
  })
})

const estimate: ExportEstimate = {
  entries: 100,
  isMore: false,
  completeness: 'inclusion',
  possible: ['headers', 'inclusion'],
  levels: ['B-B', 'B-T'],
  signer: { name: 'Export', kind: 'hsm' },
}

describe('when an export is ordered', () => {
  it.each([
    ['what the server would take', { format: 'csv', level: null, completeness: null }, ['csv', 'B-T', 'inclusion']],
    ['what was chosen', { format: 'xml', level: 'B-B', completeness: 'headers' }, ['xml', 'B-B', 'headers']],
    ['what can be had', { format: 'pdf', level: 'B-LTA', completeness: 'whole' }, ['pdf', 'B-T', 'inclusion']],
  ] as const)('it is %s', (_what, choices, [format, level, completeness]) => {
    expect(settleChoices(choices, estimate)).toEqual({ format, level, completeness })
  })
  it.each([
    [20_000, false, false],
    [20_000, true, true],
    [20_001, false, true],
    [19_000, true, false],
  ])('%i entries, more: %s: too many for a report: %s', (entries, isMore, tooMany) => {
    const many = { ...estimate, entries, isMore }
    expect(isTooManyForPdf(many)).toBe(tooMany)
    const { format } = settleChoices({ format: 'pdf', level: null, completeness: null }, many)
    expect(format).toBe(tooMany ? 'jsonl' : 'pdf')
  })
})

describe('when a certificate grows old', () => {
  const DAY = 86_400_000
  it.each([
    [0, 'left', 100, 'ok'],
    [11, 'left', 89, 'warn'],
    [71, 'left', 29, 'bad'],
    [100, 'left', 0, 'bad'],
    [100.5, 'ended', 0, 'bad'],
    [-1, 'notYet', 101, 'warn'],
  ] as const)('on day %d', (day, word, days, tone) => {
    expect(lifeOf({ notBefore: 0, notAfter: 100 * DAY }, day * DAY)).toEqual({ word, days, tone })
  })
  it.each([
    ['CN=Export 2026, O=Example, C=IT', 'Export 2026'],
    ['C=IT, O=Example, CN=Root', 'Root'],
    ['O=No name', 'O=No name'],
    ['OU=XCN=trick, CN=True', 'True'],
  ])('%s is called %s', (name, shown) => {
    expect(commonName(name)).toBe(shown)
  })
})
