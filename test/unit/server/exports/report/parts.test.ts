import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TrueTypeFont } from '../../../../../server/exports/report/font-tables.ts'
import { differencesOf, shown } from '../../../../../server/exports/report/report-differences.ts'
import { ReportFont } from '../../../../../server/exports/report/report-font.ts'
import { REPORT_TEXT } from '../../../../../server/exports/report/report-text.ts'
import { zonedTimes } from '../../../../../server/exports/report/report-times.ts'

describe('when two states are compared', () => {
  it.each([
    ['nothing', null, null, []],
    ['the same', { a: 1 }, { a: 1 }, []],
    ['a value', { a: 1 }, { a: 2 }, [['a', 1, 2]]],
    ['a value that is new', { a: 1 }, { a: 1, b: 'x' }, [['b', null, 'x']]],
    ['a value that is gone', { a: 1, b: 'x' }, { a: 1 }, [['b', 'x', null]]],
    [
      'what is created',
      null,
      { a: 1, b: { c: 2 } },
      [
        ['a', null, 1],
        ['b.c', null, 2],
      ],
    ],
    ['what is deleted', { a: { b: 1 } }, null, [['a.b', 1, null]]],
    ['a value below', { a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, [['a.c', 2, 3]]],
    ['lists, whole', { a: [1, 2] }, { a: [1, 3] }, [['a', [1, 2], [1, 3]]]],
    ['a list that becomes an object', { a: [1] }, { a: { b: 1 } }, [['a', [1], { b: 1 }]]],
    ['plain values', 'x', 'y', [['', 'x', 'y']]],
    ['members that everything has', { constructor: 1 }, {}, [['constructor', 1, null]]],
  ] as const)('gives %s', (_name, before, after, expected) => {
    expect(differencesOf(before, after).map(({ field, before: old, after: now }) => [field, old, now])).toEqual(
      expected,
    )
  })

  it('shows text as it is and everything else as JSON that can be broken', () => {
    expect([shown('a "b"'), shown(['a', 1]), shown({ a: 'x\ny' }), shown(true)]).toEqual([
      'a "b"',
      '[ "a", 1 ]',
      '{ "a": "x\\ny" }',
      'true',
    ])
  })
})

describe('when a time of a zone is written', () => {
  it.each([
    ['UTC', '2026-07-01T12:00:00Z', '2026-07-01 12:00:00 UTC+00:00'],
    ['Europe/Rome', '2026-07-01T12:00:00Z', '2026-07-01 14:00:00 UTC+02:00'],
    ['Europe/Rome', '2026-12-31T23:30:00Z', '2027-01-01 00:30:00 UTC+01:00'],
    ['Europe/Rome', '2026-10-25T00:59:59Z', '2026-10-25 02:59:59 UTC+02:00'],
    ['Europe/Rome', '2026-10-25T01:00:00Z', '2026-10-25 02:00:00 UTC+01:00'],
    ['Asia/Kolkata', '2026-07-01T12:00:00Z', '2026-07-01 17:30:00 UTC+05:30'],
    ['America/St_Johns', '2026-01-01T00:00:00Z', '2025-12-31 20:30:00 UTC-03:30'],
  ])('%s at %s is %s', (zone, at, expected) => {
    expect(zonedTimes(zone)(Date.parse(at))).toBe(expected)
  })
})

describe('when text is set', () => {
  const fonts = join(import.meta.dirname, '../../../../../resources/fonts')
  const file = new TrueTypeFont(readFileSync(join(fonts, 'DejaVuSans.ttf')))
  const font = () => new ReportFont('P', file)

  it.each([
    ['plain', 'plain', false],
    ['cafe\u0301', 'caf\u00e9', false],
    ['a\r\nb\tc', 'a\u21b5b c', false],
    ['中', '⟨U+4E2D⟩', true],
    ['a\u202eb', 'a⟨U+202E⟩b', true],
    ['\u200b\u0000\ud800', '⟨U+200B⟩⟨U+0000⟩⟨U+D800⟩', true],
    ['\u{1f600}', '\u{1f600}', false],
  ])('draws %j as %j', (text, expected, isReplaced) => {
    const one = font()
    expect(one.drawable(text)).toBe(expected)
    expect(one.isReplaced).toBe(isReplaced)
  })

  it('breaks lines at spaces, inside a word only where it is too wide, and loses nothing', () => {
    const one = font()
    const text = `one two ${'x'.repeat(50)} three`
    const lines = one.lines(text, 10, 100)
    for (const line of lines) expect(one.width(line, 10)).toBeLessThanOrEqual(100)
    expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
    expect(lines[0]).toBe('one two')
    expect(one.lines('', 10, 100)).toEqual([''])
  })

  it('writes Hebrew from the right', () => {
    const hex = (codePoint: number) => file.glyph(codePoint).toString(16).padStart(4, '0')
    expect(font().encode('אב')).toBe(`<${hex(0x5d1)}${hex(0x5d0)}>`)
  })

  it('embeds the glyphs used and the parts they are made of, and nothing else', () => {
    const used = new Set([file.glyph(0xe9)])
    const small = file.subset(used)
    const again = new DataView(small.buffer, small.byteOffset)
    expect(again.getUint32(0)).toBe(0x00010000)
    expect(small.length).toBeLessThan(80_000)
    expect(Buffer.compare(small, file.subset(used))).toBe(0)
    expect(file.subset(new Set([...used, file.glyph(0x416)])).length).toBeGreaterThan(small.length)
  })
})

describe('when a report is in a language', () => {
  it('has every text in both, with the same gaps', () => {
    const gaps = (value: unknown): unknown =>
      typeof value === 'string'
        ? [...value.matchAll(/\{\w+\}/g)].map(([gap]) => gap).toSorted()
        : Object.fromEntries(Object.entries(value as object).map(([key, one]) => [key, gaps(one)]))
    expect(gaps(REPORT_TEXT.it)).toEqual(gaps(REPORT_TEXT.en))
  })
})
