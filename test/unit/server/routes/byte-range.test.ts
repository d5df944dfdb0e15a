import { describe, expect, it } from 'vitest'
import { isSameVersion, parseRange } from '../../../../server/routes/byte-range.ts'

describe('when a range is asked for', () => {
  it.each([
    ['bytes=0-0', { from: 0, to: 1 }],
    ['bytes=0-', { from: 0, to: 100 }],
    ['bytes=10-19', { from: 10, to: 20 }],
    ['bytes=90-1000', { from: 90, to: 100 }],
    ['bytes=99-99', { from: 99, to: 100 }],
    ['bytes=-1', { from: 99, to: 100 }],
    ['bytes=-1000', { from: 0, to: 100 }],
    ['  bytes=5-6 ', { from: 5, to: 7 }],
  ])('gives %s', (header, range) => expect(parseRange(header, 100)).toEqual(range))

  it.each(['bytes=100-', 'bytes=100-200', 'bytes=-0', 'bytes=9999999999999999-'])('cannot give %s', (header) =>
    expect(parseRange(header, 100)).toBe('unsatisfiable'),
  )

  it.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=5-4',
    'bytes=1-2,4-5',
    'bytes=a-b',
    'bytes=1.5-2',
    'bytes=0x1-0x2',
    'bytes=-1-2',
    'bytes = 0-1',
    'bytes=0-1\u0000',
    'items=0-1',
    'BYTES=0-1',
    `bytes=0-${'1'.repeat(200)}`,
    `bytes=${'0'.repeat(17)}-`,
  ])('sends the whole for %s', (header) => expect(parseRange(header, 100)).toBeNull())

  it('gives nothing of nothing', () => {
    expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable')
    expect(parseRange('bytes=-5', 0)).toBe('unsatisfiable')
  })
})

describe('when the client names the version it has', () => {
  it.each([
    [undefined, true],
    ['"a"', true],
    ['"b"', false],
    ['W/"a"', false],
    [['"a"', '"a"'], false],
    ['Sun, 22 Nov 2026 18:00:00 GMT', false],
  ])('is the same for %s: %s', (header, same) => expect(isSameVersion(header, '"a"')).toBe(same))
})
