import { PDFDocument, type PDFFont, type PDFPage, rgb, StandardFonts } from '@cantoo/pdf-lib'
import { printable } from './receipt-letters.ts'

/** A4 in points, with the margins of a letter. */
const PAGE = { width: 595.28, height: 841.89, left: 56, right: 56, top: 60, bottom: 56 } as const
const INK = rgb(0.1, 0.13, 0.2)
const GREY = rgb(0.4, 0.42, 0.46)
const LINE = rgb(0.8, 0.81, 0.83)
const WIDTH = PAGE.width - PAGE.left - PAGE.right

/** Writes down a page from the top; goes to a new one by itself. Every text passes `printable`. */
export class ReceiptPage {
  readonly #pdf: PDFDocument
  readonly #plain: PDFFont
  readonly #bold: PDFFont
  readonly #mono: PDFFont
  #page: PDFPage
  #y: number = PAGE.height - PAGE.top
  #changed = false

  private constructor(pdf: PDFDocument, fonts: [PDFFont, PDFFont, PDFFont]) {
    this.#pdf = pdf
    this.#plain = fonts[0]
    this.#bold = fonts[1]
    this.#mono = fonts[2]
    this.#page = pdf.addPage([PAGE.width, PAGE.height])
  }
  static async begin(about: { title: string; language: string; date: Date }): Promise<ReceiptPage> {
    const pdf = await PDFDocument.create()
    pdf.setTitle(about.title, { showInWindowTitleBar: true })
    pdf.setLanguage(about.language)
    pdf.setProducer('Countersign')
    pdf.setCreator('Countersign')
    pdf.setCreationDate(about.date)
    pdf.setModificationDate(about.date)
    const fonts = await Promise.all(
      [StandardFonts.Helvetica, StandardFonts.HelveticaBold, StandardFonts.Courier].map((font) => pdf.embedFont(font)),
    )
    return new ReceiptPage(pdf, fonts as [PDFFont, PDFFont, PDFFont])
  }

  /** True once a letter could not be written as it is. */
  get changed(): boolean {
    return this.#changed
  }
  title(text: string): void {
    this.#write(text, { font: this.#bold, size: 20, gap: 8 })
  }
  heading(text: string): void {
    this.#room(60)
    this.#y -= 12
    this.#write(text, { font: this.#bold, size: 11.5, gap: 3 })
    this.#rule()
  }
  paragraph(text: string): void {
    this.#write(text, { font: this.#plain, size: 10, gap: 4 })
  }
  note(text: string): void {
    this.#write(text, { font: this.#plain, size: 8.5, gap: 3, colour: GREY })
  }
  code(text: string): void {
    this.#write(text, { font: this.#mono, size: 8.5, gap: 4 })
  }
  fact(name: string, value: string): void {
    this.#room(16)
    this.#at(name, PAGE.left, this.#plain, 10, GREY)
    const lines = this.#lines(value, this.#plain, 10, WIDTH - 170)
    for (const line of lines) {
      this.#at(line, PAGE.left + 170, this.#plain, 10, INK)
      this.#y -= 15
      this.#room(16)
    }
  }
  list(items: readonly string[]): void {
    for (const [index, item] of items.entries()) {
      const lines = this.#lines(item, this.#plain, 10, WIDTH - 18)
      this.#room(14 * lines.length + 2)
      this.#at(`${index + 1}.`, PAGE.left, this.#plain, 10, INK)
      for (const line of lines) {
        this.#at(line, PAGE.left + 18, this.#plain, 10, INK)
        this.#y -= 14
      }
      this.#y -= 2
    }
  }
  table(columns: readonly string[], widths: readonly number[], rows: readonly (readonly string[])[]): void {
    this.#row(columns, widths, this.#plain, GREY)
    for (const row of rows) this.#row(row, widths, this.#plain, INK)
  }
  /** Two lines to sign on, side by side, kept together at the foot. */
  signatures(left: string, right: string): void {
    this.#room(80)
    this.#y -= 46
    const half = WIDTH / 2 - 12
    for (const [text, x] of [
      [left, PAGE.left],
      [right, PAGE.left + half + 24],
    ] as const) {
      this.#page.drawLine({
        start: { x, y: this.#y + 12 },
        end: { x: x + half, y: this.#y + 12 },
        thickness: 0.7,
        color: GREY,
      })
      this.#at(text, x, this.#plain, 8.5, GREY)
    }
    this.#y -= 22
  }
  save(): Promise<Uint8Array> {
    return this.#pdf.save()
  }

  #row(cells: readonly string[], widths: readonly number[], font: PDFFont, colour: typeof INK): void {
    this.#room(18)
    let x: number = PAGE.left
    for (const [index, cell] of cells.entries()) {
      const width = widths[index]! * WIDTH
      // A long serial number is set smaller rather than cut: it must stay whole to be compared.
      const natural = font.widthOfTextAtSize(printable(cell).text, 9)
      this.#at(cell, x, font, natural > width - 8 ? (9 * (width - 8)) / natural : 9, colour)
      x += width
    }
    this.#y -= 5
    this.#rule()
  }
  #write(text: string, style: { font: PDFFont; size: number; gap: number; colour?: typeof INK }): void {
    for (const line of this.#lines(text, style.font, style.size, WIDTH)) {
      this.#room(style.size * 1.4)
      this.#at(line, PAGE.left, style.font, style.size, style.colour ?? INK)
      this.#y -= style.size * 1.4
    }
    this.#y -= style.gap
  }
  #lines(text: string, font: PDFFont, size: number, width: number): string[] {
    const lines: string[] = []
    let line = ''
    for (const word of this.#letters(text).split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`
      if (font.widthOfTextAtSize(longer, size) <= width) line = longer
      else {
        if (line !== '') lines.push(line)
        line = word
        for (let fits = fitting(font, size, width, line); fits < line.length; fits = fitting(font, size, width, line)) {
          lines.push(line.slice(0, fits))
          line = line.slice(fits)
        }
      }
    }
    lines.push(line)
    return lines
  }
  #at(text: string, x: number, font: PDFFont, size: number, color: typeof INK): void {
    this.#page.drawText(this.#letters(text), { x, y: this.#y, font, size, color })
  }
  #letters(text: string): string {
    const { text: out, changed } = printable(text)
    this.#changed ||= changed
    return out
  }
  #rule(): void {
    this.#page.drawLine({
      start: { x: PAGE.left, y: this.#y + 2 },
      end: { x: PAGE.left + WIDTH, y: this.#y + 2 },
      thickness: 0.6,
      color: LINE,
    })
    this.#y -= 12
  }
  #room(height: number): void {
    if (this.#y - height > PAGE.bottom) return
    this.#page = this.#pdf.addPage([PAGE.width, PAGE.height])
    this.#y = PAGE.height - PAGE.top
  }
}

/** How many leading letters fit in `width`; at least one, so that it always ends. */
function fitting(font: PDFFont, size: number, width: number, text: string): number {
  let count = text.length
  while (count > 1 && font.widthOfTextAtSize(text.slice(0, count), size) > width) count--
  return count
}
