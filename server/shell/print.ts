/** Text for people. Times are UTC, as the option `--from` takes them. */
export const timeText = (at: number | null): string => (at === null ? '' : new Date(at).toISOString())

/** What a terminal would take for a command is shown as what it is. */
const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�')

const widthOf = (text: string): number => Array.from(text).length
const cut = (text: string, width: number): string => {
  const letters = Array.from(plain(text))
  return letters.length <= width ? letters.join('') : `${letters.slice(0, width - 1).join('')}…`
}

const CELL_MAX = 48

/** Columns as wide as their longest cell, none wider than 48; nothing to show is said. */
export const table = (head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string => {
  if (rows.length === 0) return 'nothing found'
  const cells = [head, ...rows.map((row) => row.map((cell) => cut(cell === null ? '' : String(cell), CELL_MAX)))]
  const widths = head.map((_title, at) => Math.max(...cells.map((row) => widthOf(row[at] ?? ''))))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell)))
      .join('  ')
      .trimEnd()
  return cells.map(line).join('\n')
}

/** One fact a line. */
export const facts = (pairs: readonly (readonly [string, string | number | boolean | null])[]): string => {
  const width = Math.max(...pairs.map(([name]) => widthOf(name)))
  return pairs
    .map(([name, value]) => `${name.padEnd(width)}  ${value === null ? '' : plain(String(value))}`.trimEnd())
    .join('\n')
}

/** JSON for people: indented, control characters shown. */
export const indented = (value: unknown): string => JSON.stringify(value, null, 2).split('\n').map(plain).join('\n')
