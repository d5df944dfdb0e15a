import { PAGE, WIDTH, type Ink, type ReportPages, type Row, type Span, type Tag } from './report-pages.ts'
import type { ReportFont } from './report-font.ts'

export interface Fonts {
  readonly plain: ReportFont
  readonly bold: ReportFont
}

/** A cell of a table row: its text is broken into lines, all cells of a row side by side. */
export interface Cell {
  readonly x: number
  readonly width: number
  readonly text: string
  readonly font: ReportFont
  readonly size: number
  readonly ink: Ink
}

/** A value shown in full beyond this would fill pages; the attachment has it whole, and the report says so. */
const MAX_CELL_CHARACTERS = 8000
const CUT = '[…]'
export const LEADING = 1.38

/** Rows of one line each for cells that stand side by side: none is ever cut through. */
export function rowsOf(
  cells: readonly Cell[],
  options: { readonly rule?: boolean; readonly gap?: number } = {},
): Row[] {
  const columns = cells.map((cell) => {
    const text =
      cell.text.length > MAX_CELL_CHARACTERS ? cell.text.slice(0, MAX_CELL_CHARACTERS) + ` ${CUT}` : cell.text
    return cell.font.lines(cell.font.drawable(text), cell.size, cell.width)
  })
  const count = Math.max(...columns.map((lines) => lines.length))
  const size = Math.max(...cells.map((cell) => cell.size))
  return Array.from({ length: count }, (_, line): Row => {
    const spans = cells.flatMap((cell, i): Span[] => {
      const text = columns[i]?.[line] ?? ''
      return text === '' ? [] : [{ x: cell.x, text, font: cell.font, size: cell.size, ink: cell.ink }]
    })
    const gap = line === count - 1 ? (options.gap ?? 0) : 0
    return { height: size * LEADING + gap, spans, rule: line === 0 && options.rule === true }
  })
}

/** Was a value too long to stand there whole? */
export const hasCut = (rows: readonly Row[]): boolean =>
  rows.some(({ spans }) => spans.some(({ text }) => text.endsWith(CUT)))

/** A paragraph over the width given. */
export const paragraph = (text: string, font: ReportFont, size: number, ink: Ink = 'text', gap = 0): Row[] =>
  rowsOf([{ x: PAGE.left, width: WIDTH, text, font, size, ink }], { gap })

export const heightOf = (rows: readonly Row[]): number => rows.reduce((sum, { height }) => sum + height, 0)

/** A name and its value, the value as wide as there is room. */
export const fact = ({ plain }: Fonts, name: string, value: string, size = 9.5): Row[] =>
  rowsOf(
    [
      { x: PAGE.left, width: 96, text: name, font: plain, size, ink: 'soft' },
      { x: PAGE.left + 104, width: WIDTH - 104, text: value, font: plain, size, ink: 'text' },
    ],
    { gap: 3 },
  )

/** The same rows as a part of their own. */
export const tagged = (rows: readonly Row[], tag: Tag): Row[] => rows.map((row, i) => (i === 0 ? { ...row, tag } : row))

/** Rows one after the other; on a new page `again` comes first. Heads never stand alone at the foot of a page. */
export function place(pages: ReportPages, rows: readonly Row[], together: number, again: readonly Row[] = []): void {
  const whole = heightOf(rows)
  const first = heightOf(rows.slice(0, together))
  const isWholeBetter = whole <= (PAGE.height - PAGE.top - PAGE.bottom) / 3
  if (!pages.fits(isWholeBetter ? whole : first)) pages.begin()
  for (const [i, row] of rows.entries()) {
    // The last two rows stay together as well.
    const needed = row.height + (i === rows.length - 2 ? (rows[i + 1]?.height ?? 0) : 0)
    if (!pages.fits(needed)) {
      pages.begin()
      for (const one of again) pages.row(one)
    }
    pages.row(row)
  }
}
