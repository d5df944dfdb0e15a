import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PDF_ATTACHMENT, type ManifestChain, type ManifestHead } from '../../../shared/exports/index.ts'
import { TrueTypeFont } from './font-tables.ts'
import { PdfWriter, textString } from './pdf-writer.ts'
import { hasCut, paragraph, place, tagged, type Fonts } from './report-blocks.ts'
import { writeAttachment, writeBookmarks, writeFont, writeInfo, writeMetadata } from './report-document.ts'
import { entryBlock, parseLine } from './report-entry.ts'
import { ReportFont } from './report-font.ts'
import { PAGE, ReportPages, type Bookmark, type Span } from './report-pages.ts'
import { fill, REPORT_TEXT, type ReportText } from './report-text.ts'
import { zonedTimes } from './report-times.ts'
import { writeTitle } from './report-title.ts'

const FONT_FOLDER = resolve(import.meta.dirname, '../../../resources/fonts')
const MAX_BOOKMARKS = 400
/** Pages are made in one go; between so many entries others get their turn. */
const PAUSE_EVERY = 20

export interface ReportOrder {
  /** The entries as JSON Lines (`shared/exports`), which the PDF carries as `audit.jsonl`. */
  readonly data: Uint8Array
  readonly head: ManifestHead
  readonly chains: readonly ManifestChain[]
  readonly entries: number
  /** Whose certificate signs it; left out: said by the signature alone. */
  readonly signer?: string
  /** Aborted, nothing more of it is laid out. */
  readonly signal?: AbortSignal
}

/**
 * The report for people, not signed yet: a title page that says what was exported, by whom, why, what it proves and how
 * to check it; then every entry with its time in the zone ordered and in UTC, who, what, and each field before and
 * after. Carries the data as an attachment. Letters of any script that the font has stand as they are; others by their
 * number. The same order gives the same bytes. The foot of the first page is left free for a visible signature.
 * Throws AppError INTERNAL (`report-line`, `report-font-…`), and the reason of `signal`.
 */
export async function writeReport({ data, head, chains, entries, signer, signal }: ReportOrder): Promise<Uint8Array> {
  const words = REPORT_TEXT[head.order.language]
  const localTime = zonedTimes(head.order.timeZone)
  const fonts = await openFonts()
  const writer = new PdfWriter()
  const pages = new ReportPages(writer)
  writeTitle(pages, fonts, words, { head, chains, entries, localTime, ...(signer === undefined ? {} : { signer }) })
  const bookmarks = await writeEntries(pages, fonts, words, { data, localTime, signal })

  const resources = writer.reserve()
  const tree = pages.end(resources, (page, of) => marginsOf(fonts, words, head.id, page, of))
  const structure = pages.structure()
  const [plain, bold] = [fonts.plain, fonts.bold].map((font) => writeFont(writer, font))
  writer.write(resources, `<</Font <</${fonts.plain.name} ${plain} 0 R /${fonts.bold.name} ${bold} 0 R>>>>`)
  const title = `${words.title} · ${head.id}`
  const about = { name: PDF_ATTACHMENT, data, description: words.attachment, at: head.createdAt }
  const attachment = await writeAttachment(writer, about)
  const outline = writeBookmarks(writer, pages, bookmarks.top, bookmarks.days)
  const metadata = writeMetadata(writer, head, title)
  const names = `<</EmbeddedFiles <</Names [${textString(PDF_ATTACHMENT)} ${attachment} 0 R]>>>>`
  const root = writer.add(
    `<</Type /Catalog /Pages ${tree} 0 R /Lang (${head.order.language}) /Names ${names} /AF [${attachment} 0 R] ` +
      `/Outlines ${outline} 0 R /Metadata ${metadata} 0 R /StructTreeRoot ${structure} 0 R /MarkInfo <</Marked true>> ` +
      `/ViewerPreferences <</DisplayDocTitle true>>>>`,
  )
  return writer.end(root, writeInfo(writer, head, title))
}

async function openFonts(): Promise<Fonts> {
  const open = async (name: string, file: string) =>
    new ReportFont(name, new TrueTypeFont(await readFile(resolve(FONT_FOLDER, file))))
  return { plain: await open('P', 'DejaVuSans.ttf'), bold: await open('B', 'DejaVuSans-Bold.ttf') }
}

async function writeEntries(
  pages: ReportPages,
  fonts: Fonts,
  words: ReportText,
  given: {
    readonly data: Uint8Array
    readonly localTime: (at: number) => string
    readonly signal: AbortSignal | undefined
  },
): Promise<{ readonly top: readonly Bookmark[]; readonly days: readonly Bookmark[] }> {
  const { data, localTime, signal } = given
  const top: Bookmark[] = [{ title: words.title, page: 0, y: PAGE.height }]
  const days: Bookmark[] = []
  pages.begin()
  top.push({ title: words.entriesTitle, page: pages.count - 1, y: PAGE.height })
  place(pages, tagged(paragraph(words.entriesTitle, fonts.bold, 14, 'text', 6), 'H1'), 1)
  let day = ''
  let count = 0
  let isCut = false
  for (const text of linesOf(data)) {
    const block = entryBlock(parseLine(text), fonts, words, localTime)
    place(pages, tagged(block.rows, 'P'), block.together, block.again)
    isCut ||= hasCut(block.rows)
    const today = localTime(block.at).slice(0, 10)
    if (today !== day && days.length < MAX_BOOKMARKS) {
      day = today
      days.push({ title: today, page: pages.count - 1, y: PAGE.height })
    }
    if (++count % PAUSE_EVERY !== 0) continue
    await new Promise<void>((done) => setImmediate(done))
    signal?.throwIfAborted()
  }
  if (count === 0) place(pages, tagged(paragraph(words.none, fonts.plain, 9.5), 'P'), 1)
  const notes = [
    ...(fonts.plain.isReplaced || fonts.bold.isReplaced ? [words.letters] : []),
    ...(isCut ? [words.cut] : []),
  ]
  pages.skip(8)
  for (const note of notes) place(pages, tagged(paragraph(note, fonts.plain, 8, 'soft', 3), 'P'), 2)
  return { top, days }
}

/** Lines of the data, each decoded only when it is needed. */
function* linesOf(data: Uint8Array): Generator<string> {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  let from = 0
  while (from < buffer.length) {
    const found = buffer.indexOf(10, from)
    const to = found < 0 ? buffer.length : found
    if (to > from) yield buffer.toString('utf8', from, to)
    from = to + 1
  }
}

/** Head and foot: which report, and which page of how many. */
function marginsOf(
  { plain }: Fonts,
  words: ReportText,
  id: string,
  page: number,
  of: number,
): readonly (Span & { readonly y: number })[] {
  const small = { font: plain, size: 7.5, ink: 'soft' } as const
  const number = fill(words.page, { page: String(page + 1), pages: String(of) })
  const foot = { ...small, text: number, x: PAGE.width - PAGE.right - plain.width(number, small.size), y: 30 }
  const head = { ...small, text: plain.drawable(fill(words.head, { id })), x: PAGE.left, y: PAGE.height - 40 }
  return page === 0 ? [foot] : [head, foot]
}
