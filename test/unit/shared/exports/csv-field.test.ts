import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvField } from '../../../../shared/exports/render-csv.ts'
import { fuzzRuns } from '../pki/fuzz.ts'

/** The cells of a row as a spreadsheet reads them where `;` separates: quotes hold only where a cell begins with one. */
const cellsBySemicolon = (row: string): string[] => {
  const cells: string[] = []
  let cell = ''
  let isQuoted = false
  let isFresh = true
  for (let at = 0; at < row.length; at += 1) {
    const sign = row[at] ?? ''
    if (sign === '"' && (isFresh || isQuoted)) {
      if (isQuoted && row[at + 1] === '"') {
        cell += '"'
        at += 1
      } else isQuoted = !isQuoted
      isFresh = false
    } else if (!isQuoted && (sign === ';' || sign === '\r' || sign === '\n')) {
      cells.push(cell)
      cell = ''
      isFresh = true
    } else {
      cell += sign
      isFresh = false
    }
  }
  return [...cells, cell]
}

describe('when a value becomes a field', () => {
  it.each([
    ['plain', 'plain'],
    ['', ''],
    ['a-b+c@d=e', 'a-b+c@d=e'],
    ['2026-11-22; 3 - 2', '2026-11-22; 3 - 2'],
    ['a, b', '"a, b"'],
    ['=1', "'=1"],
    ['  =1', "'  =1"],
    ['\uff1d1', "'\uff1d1"],
    ['\tx', "'\tx"],
    ['\t=x', "'\t'=x"],
    ['\r\n@x', '"\'\r\n\'@x"'],
    ["x;=cmd|' /C calc'!A0", "x;'=cmd|' /C calc'!A0"],
    ['x;;-1;+2', "x;;'-1;'+2"],
    ['x\t\uff20SUM(A1)', "x\t'\uff20SUM(A1)"],
    ['x|\uff0b1', "x|'\uff0b1"],
    ['x;"=1', '"x;\'""=1"'],
    ['x\n=1', '"x\n\'=1"'],
  ])('%j is written as %j', (value, field) => {
    expect(csvField(value)).toBe(field)
  })

  it('no cell begins as a formula where a semicolon separates', () => {
    const texts = fc.array(fc.constantFrom('=', '+', '-', '@', '\uff1d', ';', '"', ' ', ',', '\n', '\r', 'x'), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(texts, (parts) => {
        const row = `chain,${csvField(parts.join(''))},end`
        expect(cellsBySemicolon(row).filter((cell) => /^[ "]*[=+\-@\uff1d]/.test(cell))).toEqual([])
      }),
      { numRuns: fuzzRuns() },
    )
  })
})
