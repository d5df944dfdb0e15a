import type { TrueTypeFont } from './font-tables.ts'

/** Written instead of what the font cannot draw, and of what changes text unseen. */
const asNumber = (codePoint: number): string => `\u27e8U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}\u27e9`
/** Most of what is written. */
const PLAIN = /^[ -~]*$/
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/u
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}][\p{Script=Hebrew}\p{Script=Arabic}\p{M} ]*/gu

/** One style of the report's font: measures, writes, and remembers which glyphs were written. */
export class ReportFont {
  /** As the pages name it. */
  readonly name: string
  readonly file: TrueTypeFont
  /** Code points by glyph, of what was written. */
  readonly used = new Map<number, number>()
  #isReplaced = false
  readonly #widths = new Map<number, number>()
  readonly #hex = new Map<number, string>()

  constructor(name: string, file: TrueTypeFont) {
    this.name = name
    this.file = file
  }

  /** Was anything written as its number? */
  get isReplaced(): boolean {
    return this.#isReplaced
  }

  /**
   * The text as it can be drawn: composed letters (NFC), line breaks and tabs as signs, what the font lacks and what
   * would act unseen (direction marks, controls) by its number, so that nothing hides and nothing is dropped.
   */
  drawable(text: string): string {
    if (PLAIN.test(text)) return text
    let out = ''
    for (const letter of text
      .normalize('NFC')
      .replace(/\r\n|[\n\r]/g, '\u21b5')
      .replaceAll('\t', ' ')) {
      const codePoint = letter.codePointAt(0) ?? 0
      const isDrawn = !UNSEEN.test(letter) && this.file.glyph(codePoint) > 0
      if (!isDrawn) this.#isReplaced = true
      out += isDrawn ? letter : asNumber(codePoint)
    }
    return out
  }

  /** Points of a drawable text. */
  width(text: string, size: number): number {
    let sum = 0
    for (let i = 0; i < text.length; i++) {
      const codePoint = text.codePointAt(i) ?? 0
      if (codePoint > 0xffff) i++
      sum += this.#widthOf(codePoint)
    }
    return (sum * size) / 1000
  }

  /** Lines of a drawable text, broken at spaces, and inside a word only where it is wider than a line. */
  lines(text: string, size: number, width: number): string[] {
    const lines: string[] = []
    let line = ''
    let used = 0
    const space = this.width(' ', size)
    for (const word of text.split(' ')) {
      const wide = this.width(word, size)
      const fits = used + (line === '' ? 0 : space) + wide <= width
      if (fits || (line === '' && wide <= width)) {
        used += (line === '' ? 0 : space) + wide
        line = line === '' ? word : `${line} ${word}`
        continue
      }
      if (line !== '') lines.push(line)
      const pieces = wide <= width ? [word] : this.#pieces(word, size, width)
      lines.push(...pieces.slice(0, -1))
      line = pieces.at(-1) ?? ''
      used = this.width(line, size)
    }
    lines.push(line)
    return lines
  }

  /** Glyphs in hexadecimal, as a string of the page's content. */
  encode(text: string): string {
    let hex = ''
    for (const letter of PLAIN.test(text) ? text : visual(text)) hex += this.#hexOf(letter.codePointAt(0) ?? 0)
    return `<${hex}>`
  }

  /** Of a letter that is written: its glyph as four digits. */
  #hexOf(codePoint: number): string {
    const known = this.#hex.get(codePoint)
    if (known !== undefined) return known
    const glyph = this.file.glyph(codePoint)
    const hex = glyph.toString(16).padStart(4, '0')
    this.used.set(glyph, codePoint)
    this.#hex.set(codePoint, hex)
    return hex
  }

  #widthOf(codePoint: number): number {
    const known = this.#widths.get(codePoint)
    if (known !== undefined) return known
    const width = this.file.width(this.file.glyph(codePoint))
    this.#widths.set(codePoint, width)
    return width
  }

  #pieces(word: string, size: number, width: number): string[] {
    const pieces: string[] = []
    let piece = ''
    let used = 0
    for (const letter of word) {
      const wide = (this.#widthOf(letter.codePointAt(0) ?? 0) * size) / 1000
      if (used + wide > width && piece !== '') {
        pieces.push(piece)
        piece = ''
        used = 0
      }
      piece += letter
      used += wide
    }
    return [...pieces, piece]
  }
}

/** Letters in the order they stand on paper: runs of Hebrew and Arabic from the right. Letters are not joined. */
const visual = (text: string): string =>
  text.replace(RIGHT_TO_LEFT, (run) => {
    const end = run.trimEnd()
    return (
      Array.from(end.matchAll(/.\p{M}*/gsu), (one) => one[0])
        .toReversed()
        .join('') + run.slice(end.length)
    )
  })
