import type { ManifestChain, ManifestHead } from '../../../shared/exports/index.ts'
import { fact, heightOf, paragraph, place, rowsOf, tagged, type Cell, type Fonts } from './report-blocks.ts'
import { PAGE, WIDTH, type ReportPages, type Row } from './report-pages.ts'
import { fill, wordOf, type ReportText } from './report-text.ts'
import { utcTime } from './report-times.ts'

/** Below this nothing is written on the first page: a visible signature stands there. */
const SIGNATURE_ROOM = 112

export interface TitleFacts {
  readonly head: ManifestHead
  readonly chains: readonly ManifestChain[]
  readonly entries: number
  readonly signer?: string
  readonly localTime: (at: number) => string
}

/** What was exported, by whom and why, what it proves, and how to check it. */
export function writeTitle(pages: ReportPages, fonts: Fonts, words: ReportText, facts: TitleFacts): void {
  const { head, chains, entries, signer, localTime } = facts
  pages.begin(72)
  const put = (rows: readonly Row[], together = rows.length) => {
    // The foot of the first page stays free.
    if (pages.count === 1 && !pages.fits(heightOf(rows.slice(0, together)) + SIGNATURE_ROOM - PAGE.bottom))
      pages.begin()
    place(pages, rows, together)
  }
  const heading = (text: string): Row[] => [
    { height: 12, spans: [] },
    ...tagged(paragraph(text, fonts.bold, 11, 'text', 3), 'H2'),
  ]
  const text = (value: string): Row[] => tagged(paragraph(value, fonts.plain, 9.5, 'text', 4), 'P')

  put(tagged(paragraph(words.title, fonts.bold, 20, 'text', 10), 'H1'))
  if (head.keys === 'software') put(tagged(warning(fonts, words), 'P'))
  const { name, role, id, office } = head.requestedBy
  const person = `${name}, ${wordOf(words.role, role)} (${id})`
  for (const [label, value] of [
    [words.server, `${head.server}, ${head.product}`],
    [words.export, head.id],
    [words.made, `${localTime(head.createdAt)} · ${utcTime(head.createdAt)}`],
    [words.orderedBy, office === null ? person : `${person} · ${fill(words.office, { office })}`],
    [words.reason, head.reason],
    [words.selected, selectionText(head, words, localTime)],
    [words.entries, entries.toLocaleString(head.order.language)],
    [words.zone, fill(words.zoneText, { zone: head.order.timeZone })],
    [words.signature, fill(words.signedBy[head.keys], { level: head.order.level })],
    ...(signer === undefined ? [] : [[words.signer, signer] as const]),
  ] as const) {
    put(tagged(fact(fonts, label, value), 'P'))
  }
  put([...heading(words.chains), ...tagged(chainRows(fonts, words, facts), 'P')], 4)
  for (const { origin, size, root } of chains) {
    const values = { origin, size: size.toLocaleString(head.order.language), root, time: localTime(head.createdAt) }
    put(tagged(paragraph(fill(words.checkpoint, values), fonts.plain, 8.5, 'soft', 3), 'P'))
  }
  put([...heading(words.proves), ...text(words.completeness[head.completeness])])
  put(text(words.always))
  put(text(words.names))
  const [first = '', ...others] = words.checks
  put([...heading(words.check), ...text(first)])
  for (const one of others) put(text(one))
}

function warning({ bold, plain }: Fonts, words: ReportText): Row[] {
  const inside = { x: PAGE.left + 10, width: WIDTH - 20, ink: 'alert' as const }
  const rows = [
    ...rowsOf([{ ...inside, text: words.softwareTitle, font: bold, size: 11 }], { gap: 1 }),
    ...rowsOf([{ ...inside, text: words.software, font: plain, size: 9 }]),
  ]
  const height = heightOf(rows) + 12
  return [{ height: 6, spans: [], frame: height }, ...rows, { height: 6, spans: [] }, { height: 10, spans: [] }]
}

function chainRows({ plain }: Fonts, words: ReportText, { chains, head }: TitleFacts): Row[] {
  const widths = [0.31, 0.23, 0.22, 0.24]
  const line = (texts: readonly string[], ink: 'soft' | 'text', size: number, rule: boolean) => {
    let x: number = PAGE.left
    const cells = texts.map((text, i): Cell => {
      const cell = { x, width: (widths[i] ?? 0) * WIDTH - 8, text, font: plain, size, ink }
      x += (widths[i] ?? 0) * WIDTH
      return cell
    })
    return rowsOf(cells, { rule, gap: 3 })
  }
  const count = (value: number) => value.toLocaleString(head.order.language)
  return [
    ...line(words.chainColumns, 'soft', 8, false),
    ...chains.flatMap(({ chain, disclosed, size, from, to }) => {
      const evidence = from === null || to === null ? words.noLines : `${count(from)} – ${count(to)}`
      return line([chain, count(disclosed), count(size), evidence], 'text', 9, true)
    }),
  ]
}

function selectionText({ selection }: ManifestHead, words: ReportText, localTime: (at: number) => string): string {
  const said = words.selection
  if (selection.kind === 'chain') return fill(said.chain, { chain: selection.chain })
  if (selection.kind === 'object') {
    return fill(said.object, { type: wordOf(words.object, selection.objectType), id: selection.objectId })
  }
  const { search } = selection
  const list = (label: string, values: readonly string[] | undefined, word?: Readonly<Record<string, string>>) =>
    values && values.length > 0
      ? [fill(label, { value: values.map((one) => (word ? wordOf(word, one) : one)).join(', ') })]
      : []
  const one = (label: string, value: string | undefined) => (value === undefined ? [] : [fill(label, { value })])
  const parts = [
    ...(search.last ? [fill(said.last, { value: words.last[search.last] })] : []),
    ...(search.from === undefined ? [] : [fill(said.from, { time: localTime(search.from) })]),
    ...(search.to === undefined ? [] : [fill(said.to, { time: localTime(search.to) })]),
    ...list(said.chainName, search.chain),
    ...list(said.tenant, search.tenant),
    ...list(said.objectType, search.objectType, words.object),
    ...one(said.objectId, search.objectId),
    ...list(said.action, search.action, words.action),
    ...list(said.operator, search.operator),
    ...list(said.office, search.office),
    ...list(said.station, search.station),
    ...one(said.correlationId, search.correlationId),
    ...one(said.text, search.text),
  ]
  return parts.length === 0 ? said.all : parts.join('; ')
}
