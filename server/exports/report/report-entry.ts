import type { Json } from '../../../shared/audit/json.ts'
import { AppError } from '../../../shared/contract/errors.ts'
import { differencesOf, shown, type Difference } from './report-differences.ts'
import { rowsOf, type Cell, type Fonts } from './report-blocks.ts'
import { PAGE, WIDTH, type Row } from './report-pages.ts'
import { fill, wordOf, type ReportText } from './report-text.ts'
import { utcTime } from './report-times.ts'

/** A line of audit.jsonl, as `shared/exports` writes it. */
interface Line {
  readonly entry: {
    readonly chain: string
    readonly sequence: number
    readonly at: number
    readonly tenant: string
    readonly division: string | null
    readonly office: string | null
    readonly operator: { readonly id: string; readonly role: string; readonly office: string | null } | null
    readonly station: string | null
    readonly action: string
    readonly object: { readonly type: string; readonly id: string }
    readonly correlationId: string
  }
  readonly payload: { readonly before: Json | null; readonly after: Json | null; readonly reason: string | null } | null
  readonly erased?: { readonly at: number; readonly by: string; readonly rule: string }
  readonly names: { readonly operator?: string; readonly office?: string; readonly station?: string }
}

/** Throws INTERNAL (`report-line`) for what is no line of ours: this program wrote it a moment ago. */
export function parseLine(text: string): Line {
  try {
    return JSON.parse(text) as Line
  } catch (cause) {
    throw new AppError('INTERNAL', { reason: 'report-line' }, { cause })
  }
}

export interface EntryBlock {
  readonly at: number
  readonly rows: readonly Row[]
  /** Rows that must not be parted from the head. */
  readonly together: number
  /** What stands above on a page that it goes on to. */
  readonly again: readonly Row[]
}

const SIZE = 8.5
const SMALL = 7.5
const LABEL = 62
/** Characters above which a value gets the whole width. */
const LONG = 200
const COLUMNS = { field: 128, value: (WIDTH - LABEL - 128 - 16) / 2 } as const

/** One entry as rows: when and what, on what, by whom, why, and each field before and after. */
export function entryBlock(line: Line, fonts: Fonts, words: ReportText, localTime: (at: number) => string): EntryBlock {
  const { entry, payload, erased, names } = line
  const rows = [...headRows(line, fonts, words, localTime)]
  const labelled = (label: string, value: string) => rowsOf(labelCells(fonts, label, value))
  const who = entry.operator ? operatorText(line, words) : words.nobody
  const place = [
    entry.office === null ? null : fill(words.office, { office: named(names.office, entry.office) }),
    entry.station === null ? null : fill(words.station, { station: named(names.station, entry.station) }),
  ]
  rows.push(...labelled(words.by, [who, ...place].filter((one) => one !== null).join(' · ')))
  if (payload?.reason) rows.push(...labelled(words.reason, payload.reason))
  const together = rows.length + 2
  if (payload) rows.push(...payloadRows(payload, fonts, words))
  else {
    const gone = erased
      ? fill(words.erased, { time: localTime(erased.at), by: erased.by, rule: erased.rule })
      : words.missing
    rows.push(...labelled('', gone))
  }
  rows.push({ height: 5, spans: [] })
  const again = fill(words.continued, { chain: entry.chain, sequence: String(entry.sequence) })
  const cell: Cell = { x: PAGE.left, width: WIDTH, text: again, font: fonts.plain, size: SMALL, ink: 'soft' }
  return {
    at: entry.at,
    rows,
    together: Math.min(together, rows.length),
    again: rowsOf([cell], { rule: true, gap: 2 }),
  }
}

const named = (name: string | undefined, id: string): string =>
  name === undefined || name === id ? id : `${name} (${id})`

function operatorText({ entry, names }: Line, words: ReportText): string {
  const { operator } = entry
  if (!operator) return words.nobody
  const role = wordOf(words.role, operator.role)
  return names.operator === undefined ? `${operator.id}, ${role}` : `${names.operator}, ${role} (${operator.id})`
}

function headRows(
  { entry }: Line,
  { plain, bold }: Fonts,
  words: ReportText,
  localTime: (at: number) => string,
): Row[] {
  const what = `${wordOf(words.action, entry.action)} · ${wordOf(words.object, entry.object.type)}`
  const right = (text: string, size: number, font: typeof plain) => {
    const width = font.width(text, size)
    return { x: PAGE.width - PAGE.right - width, width: width + 1, text, font, size } as const
  }
  const local = right(localTime(entry.at), SIZE, bold)
  const utc = right(utcTime(entry.at), SMALL, plain)
  const trace = `${entry.chain} #${entry.sequence} · ${fill(words.request, { id: entry.correlationId })}`
  return [
    { height: 4, spans: [], rule: true },
    ...rowsOf([
      { x: PAGE.left, width: WIDTH - local.width - 12, text: what, font: bold, size: 9.5, ink: 'text' },
      { ...local, ink: 'text' },
    ]),
    ...rowsOf(
      [
        { x: PAGE.left, width: WIDTH - utc.width - 12, text: trace, font: plain, size: SMALL, ink: 'soft' },
        { ...utc, ink: 'soft' },
      ],
      { gap: 2 },
    ),
    ...rowsOf(labelCells({ plain, bold }, wordOf(words.object, entry.object.type), entry.object.id)),
  ]
}

const labelCells = ({ plain }: Fonts, label: string, value: string): Cell[] => [
  { x: PAGE.left, width: LABEL - 6, text: label, font: plain, size: SMALL, ink: 'soft' },
  { x: PAGE.left + LABEL, width: WIDTH - LABEL, text: value, font: plain, size: SIZE, ink: 'text' },
]

function payloadRows(payload: NonNullable<Line['payload']>, fonts: Fonts, words: ReportText): Row[] {
  const differences = differencesOf(payload.before, payload.after)
  if (differences.length === 0) return payload.after === null ? [] : rowsOf(labelCells(fonts, '', words.unchanged))
  const hasBefore = differences.some(({ before }) => before !== null)
  const hasAfter = differences.some(({ after }) => after !== null)
  const x = PAGE.left + LABEL
  const heads = rowsOf(
    [
      { x, text: words.field },
      ...(hasBefore ? [{ x: x + COLUMNS.field + 8, text: words.before }] : []),
      ...(hasAfter ? [{ x: afterX(hasBefore), text: words.after }] : []),
    ].map((cell) => ({ ...cell, width: COLUMNS.field, font: fonts.plain, size: 7, ink: 'soft' as const })),
    { gap: 1 },
  )
  return [
    { height: 3, spans: [] },
    ...heads,
    ...differences.flatMap((one) => differenceRows(one, fonts, words, { hasBefore, hasAfter })),
  ]
}

const afterX = (hasBefore: boolean): number =>
  PAGE.left + LABEL + COLUMNS.field + 8 + (hasBefore ? COLUMNS.value + 8 : 0)

function differenceRows(
  { field, before, after }: Difference,
  { plain }: Fonts,
  words: ReportText,
  { hasBefore, hasAfter }: { readonly hasBefore: boolean; readonly hasAfter: boolean },
): Row[] {
  const x = PAGE.left + LABEL
  const width = hasBefore && hasAfter ? COLUMNS.value : 2 * COLUMNS.value + 8
  const value = (one: Json | null) => (one === null ? words.absent : shown(one) === '' ? words.empty : shown(one))
  const texts = { before: value(before), after: value(after) }
  if (Math.max(texts.before.length, texts.after.length) > LONG) {
    const wide = (label: string, text: string, ink: 'before' | 'after'): Row[] =>
      rowsOf(
        [
          { x: x + 12, width: 44, text: label, font: plain, size: 7, ink: 'soft' },
          { x: x + 56, width: WIDTH - LABEL - 56, text, font: plain, size: 8, ink },
        ],
        { gap: 1 },
      )
    return [
      ...rowsOf([{ x, width: WIDTH - LABEL, text: field, font: plain, size: 8, ink: 'soft' }]),
      ...(hasBefore ? wide(words.before, texts.before, 'before') : []),
      ...(hasAfter ? wide(words.after, texts.after, 'after') : []),
    ]
  }
  const cells: Cell[] = [{ x, width: COLUMNS.field, text: field, font: plain, size: 8, ink: 'soft' }]
  if (hasBefore)
    cells.push({ x: x + COLUMNS.field + 8, width, text: texts.before, font: plain, size: 8, ink: 'before' })
  if (hasAfter) cells.push({ x: afterX(hasBefore), width, text: texts.after, font: plain, size: 8, ink: 'after' })
  return rowsOf(cells, { gap: 1 })
}
