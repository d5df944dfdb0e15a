import type { PdfWriter } from './pdf-writer.ts'
import type { ReportFont } from './report-font.ts'

/** A4 in points. The foot of the first page is left free for the box of a signature that readers show. */
export const PAGE = { width: 595.28, height: 841.89, left: 48, right: 48, top: 64, bottom: 60 } as const
export const WIDTH = PAGE.width - PAGE.left - PAGE.right

export type Ink = 'text' | 'soft' | 'alert' | 'before' | 'after'
const INKS: Readonly<Record<Ink, string>> = {
  text: '0.1 0.13 0.2',
  soft: '0.38 0.41 0.47',
  alert: '0.7 0.08 0.08',
  before: '0.45 0.2 0.15',
  after: '0.07 0.33 0.2',
}

const number = (value: number): string => String(Math.round(value * 100) / 100)

/** A piece of text at a place, relative to the row it is in. */
export interface Span {
  readonly x: number
  readonly text: string
  readonly font: ReportFont
  readonly size: number
  readonly ink: Ink
}

/** What a part of the text is to those who have it read to them (ISO 32000-1 14.8.4). */
export type Tag = 'H1' | 'H2' | 'P'

/** What is never cut: drawn at one height of one page. */
export interface Row {
  /** Begins a part of its own; else it belongs to the one before. */
  readonly tag?: Tag
  /** Points it takes. */
  readonly height: number
  readonly spans: readonly Span[]
  /** A line across the page, above. */
  readonly rule?: boolean
  /** A frame around so many points, from this row down. */
  readonly frame?: number
}

interface Page {
  readonly number: number
  readonly body: number
  /** Of each marked piece of content, to which part it belongs. */
  readonly marks: readonly number[]
}

export interface Part {
  readonly tag: Tag
  /** Pages, from 0, and the piece on each. */
  readonly pieces: (readonly [page: number, mark: number])[]
}

export interface Bookmark {
  readonly title: string
  readonly page: number
  /** From the bottom of the page. */
  readonly y: number
}

/** Writes down page after page; each is compressed and gone from memory as soon as it is full. */
export class ReportPages {
  readonly #writer: PdfWriter
  readonly #pages: Page[] = []
  readonly #parts: Part[] = []
  #ops: string[] = []
  /** Lines and frames, which nobody has to hear of. */
  #artifacts: string[] = []
  #marks: number[] = []
  #isMarked = false
  #y = PAGE.height - PAGE.top
  #isOpen = false

  constructor(writer: PdfWriter) {
    this.#writer = writer
  }

  /** Of pages begun. */
  get count(): number {
    return this.#pages.length + (this.#isOpen ? 1 : 0)
  }

  get y(): number {
    return this.#y
  }

  begin(top: number = PAGE.top): void {
    this.finish()
    this.#isOpen = true
    this.#y = PAGE.height - top
  }

  finish(): void {
    if (!this.#isOpen) return
    this.#closeMark()
    const artifacts = this.#artifacts.length > 0 ? ['/Artifact BMC', ...this.#artifacts, 'EMC'] : []
    const body = this.#writer.stream(Buffer.from([...artifacts, ...this.#ops].join('\n')))
    this.#pages.push({ number: this.#writer.reserve(), body, marks: this.#marks })
    this.#ops = []
    this.#artifacts = []
    this.#marks = []
    this.#isOpen = false
  }

  fits(height: number): boolean {
    return this.#y - height >= PAGE.bottom
  }

  skip(height: number): void {
    this.#y -= height
  }

  row({ height, spans, rule, frame, tag }: Row): void {
    if (tag) {
      this.#closeMark()
      this.#parts.push({ tag, pieces: [] })
    }
    if (rule) {
      const y = number(this.#y)
      this.#artifacts.push(`0.82 G 0.6 w ${PAGE.left} ${y} m ${number(PAGE.width - PAGE.right)} ${y} l S`)
    }
    if (frame !== undefined) {
      const box = [PAGE.left, this.#y - frame, WIDTH, frame].map(number)
      this.#artifacts.push(`${INKS.alert} RG 1 w ${box.join(' ')} re S`)
    }
    // One base line for all of a row, whatever their sizes.
    const base = this.#y - Math.max(0, ...spans.map(({ size }) => size))
    for (const span of spans) this.#span(span, base)
    this.#y -= height
  }

  #span({ x, text, font, size, ink }: Span, y: number): void {
    if (text === '') return
    this.#openMark()
    this.#ops.push(spanOps({ x, text, font, size, ink }, y))
  }

  /** 14.6: what follows belongs to the newest part. */
  #openMark(): void {
    if (this.#isMarked) return
    const part = this.#parts.at(-1) ?? { tag: 'P', pieces: [] }
    if (this.#parts.length === 0) this.#parts.push(part)
    part.pieces.push([this.#pages.length, this.#marks.length])
    this.#ops.push(`/${part.tag} <</MCID ${this.#marks.length}>> BDC`)
    this.#marks.push(this.#parts.length - 1)
    this.#isMarked = true
  }

  #closeMark(): void {
    if (this.#isMarked) this.#ops.push('EMC')
    this.#isMarked = false
  }

  /** All pages with their heads and feet, which only now can say how many there are. Gives the number of the tree. */
  end(resources: number, marginsOf: (page: number, of: number) => readonly (Span & { readonly y: number })[]): number {
    this.finish()
    const tree = this.#writer.reserve()
    const groups: string[] = []
    for (let first = 0; first < this.#pages.length; first += 64) {
      const group = this.#writer.reserve()
      const pages = this.#pages.slice(first, first + 64)
      for (const [i, { number: page, body }] of pages.entries()) {
        const margins = marginsOf(first + i, this.#pages.length).map((one) => spanOps(one, one.y))
        const frame = this.#writer.stream(Buffer.from(['/Artifact BMC', ...margins, 'EMC'].join('\n')))
        const box = `/MediaBox [0 0 ${PAGE.width} ${PAGE.height}]`
        this.#writer.write(
          page,
          `<</Type /Page /Parent ${group} 0 R ${box} /Resources ${resources} 0 R /Contents [${body} 0 R ${frame} 0 R] ` +
            `/StructParents ${first + i} /Tabs /S>>`,
        )
      }
      const kids = pages.map((one) => `${one.number} 0 R`).join(' ')
      this.#writer.write(group, `<</Type /Pages /Parent ${tree} 0 R /Count ${pages.length} /Kids [${kids}]>>`)
      groups.push(`${group} 0 R`)
    }
    this.#writer.write(tree, `<</Type /Pages /Count ${this.#pages.length} /Kids [${groups.join(' ')}]>>`)
    return tree
  }

  /** What is read in which order (14.7, 14.8): the parts one after the other. Gives the number of the tree. */
  structure(): number {
    const root = this.#writer.reserve()
    const document = this.#writer.reserve()
    const parts = this.#parts.map(({ tag, pieces }) => {
      const [first] = pieces
      const content =
        pieces.length === 1 && first
          ? `/Pg ${this.reference(first[0])} /K ${first[1]}`
          : `/K [${pieces.map(([page, mark]) => `<</Type /MCR /Pg ${this.reference(page)} /MCID ${mark}>>`).join(' ')}]`
      return this.#writer.add(`<</S /${tag} /P ${document} 0 R ${content}>>`)
    })
    const references = (numbers: readonly (number | undefined)[]) => numbers.map((one) => `${one} 0 R`).join(' ')
    this.#writer.write(document, `<</S /Document /P ${root} 0 R /K [${references(parts)}]>>`)
    const pages = this.#pages.map(({ marks }, page) => `${page} [${references(marks.map((part) => parts[part]))}]`)
    const back = this.#writer.add(`<</Nums [${pages.join(' ')}]>>`)
    const next = `/ParentTreeNextKey ${this.#pages.length}`
    this.#writer.write(root, `<</Type /StructTreeRoot /K ${document} 0 R /ParentTree ${back} 0 R ${next}>>`)
    return root
  }

  /** The object of a page, from 0. */
  reference(page: number): string {
    return `${this.#pages[page]?.number ?? 0} 0 R`
  }
}

/** A space at the end, so that read out or copied two pieces of text do not run into one word. */
const spanOps = ({ x, text, font, size, ink }: Span, y: number): string =>
  `BT /${font.name} ${number(size)} Tf ${INKS[ink]} rg ${number(x)} ${number(y)} Td ${font.encode(`${text} `)} Tj ET`
