import { AppError } from '../../../shared/contract/errors.ts'

// TrueType as ISO/IEC 14496-22 has it; only what a report needs, of the fonts in resources/fonts.

const refuse = (reason: string): never => {
  throw new AppError('INTERNAL', { reason: `report-font-${reason}` })
}

export interface FontMetrics {
  /** Units of the em square. */
  readonly unitsPerEm: number
  readonly ascent: number
  readonly descent: number
  readonly capHeight: number
  readonly box: readonly [number, number, number, number]
  readonly glyphs: number
}

/** A font file taken apart: glyphs of code points, their widths, and a file of just the glyphs that were used. */
export class TrueTypeFont {
  readonly metrics: FontMetrics
  readonly #view: DataView
  readonly #tables: ReadonlyMap<string, { readonly offset: number; readonly length: number }>
  readonly #glyphOf: ReadonlyMap<number, number>
  readonly #widths: Uint16Array

  constructor(file: Uint8Array) {
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength)
    this.#tables = this.#directory()
    const head = this.#at('head')
    const hhea = this.#at('hhea')
    const os2 = this.#tables.get('OS/2')
    const glyphs = this.#view.getUint16(this.#at('maxp') + 4)
    const ascent = this.#view.getInt16(hhea + 4)
    this.metrics = {
      unitsPerEm: this.#view.getUint16(head + 18),
      ascent,
      descent: this.#view.getInt16(hhea + 6),
      capHeight: os2 && os2.length >= 90 ? this.#view.getInt16(os2.offset + 88) : ascent,
      box: [36, 38, 40, 42].map((at) => this.#view.getInt16(head + at)) as [number, number, number, number],
      glyphs,
    }
    this.#widths = this.#readWidths(this.#view.getUint16(hhea + 34), glyphs)
    this.#glyphOf = this.#readMap()
  }

  /** 0 where the font has no such letter. */
  glyph(codePoint: number): number {
    return this.#glyphOf.get(codePoint) ?? 0
  }

  /** In thousandths of the size. */
  width(glyph: number): number {
    return ((this.#widths[glyph] ?? 0) * 1000) / this.metrics.unitsPerEm
  }

  /**
   * A font of the same glyph numbers with only these glyphs drawn, the parts of composed ones included: what ISO
   * 32000-1 9.9 wants embedded of a CIDFontType2. The same glyphs give the same bytes.
   */
  subset(used: ReadonlySet<number>): Uint8Array {
    const drawn = this.#withParts(used)
    const { glyphs } = this.metrics
    const loca = new DataView(new ArrayBuffer(4 * (glyphs + 1)))
    const outlines: Uint8Array[] = []
    let length = 0
    for (let glyph = 0; glyph < glyphs; glyph++) {
      loca.setUint32(4 * glyph, length)
      if (!drawn.has(glyph)) continue
      const outline = this.#outline(glyph)
      const padded = new Uint8Array((outline.length + 3) & ~3)
      padded.set(outline)
      outlines.push(padded)
      length += padded.length
    }
    loca.setUint32(4 * glyphs, length)
    const head = this.#table('head').slice()
    const headView = new DataView(head.buffer)
    headView.setUint32(8, 0)
    // Long offsets, as written above.
    headView.setInt16(50, 1)
    const kept = ['cvt ', 'fpgm', 'hhea', 'hmtx', 'maxp', 'prep'].flatMap((tag): [string, Uint8Array][] =>
      this.#tables.has(tag) ? [[tag, this.#table(tag)]] : [],
    )
    const glyf = Buffer.concat(outlines)
    return writeTables(new Map([...kept, ['glyf', glyf], ['head', head], ['loca', new Uint8Array(loca.buffer)]]))
  }

  #directory() {
    const tables = new Map<string, { offset: number; length: number }>()
    if (this.#view.getUint32(0) !== 0x00010000) refuse('kind')
    for (let i = 0; i < this.#view.getUint16(4); i++) {
      const at = 12 + 16 * i
      const tag = String.fromCharCode(...[0, 1, 2, 3].map((one) => this.#view.getUint8(at + one)))
      tables.set(tag, { offset: this.#view.getUint32(at + 8), length: this.#view.getUint32(at + 12) })
    }
    return tables
  }

  #at(tag: string): number {
    return this.#tables.get(tag)?.offset ?? refuse('table')
  }

  #table(tag: string): Uint8Array {
    const { offset, length } = this.#tables.get(tag) ?? refuse('table')
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + offset, length)
  }

  #readWidths(measured: number, glyphs: number): Uint16Array {
    const hmtx = this.#at('hmtx')
    return Uint16Array.from({ length: glyphs }, (_, glyph) =>
      this.#view.getUint16(hmtx + 4 * Math.min(glyph, measured - 1)),
    )
  }

  /** Segments of format 12, which holds all of Unicode, or of format 4. */
  #readMap(): Map<number, number> {
    const cmap = this.#at('cmap')
    const places = Array.from(
      { length: this.#view.getUint16(cmap + 2) },
      (_, i) => cmap + this.#view.getUint32(cmap + 8 + 8 * i),
    )
    const whole = places.find((at) => this.#view.getUint16(at) === 12)
    if (whole !== undefined) return this.#readGroups(whole)
    const plain = places.find((at) => this.#view.getUint16(at) === 4)
    return plain === undefined ? refuse('map') : this.#readSegments(plain)
  }

  #readGroups(at: number): Map<number, number> {
    const map = new Map<number, number>()
    for (let i = 0; i < this.#view.getUint32(at + 12); i++) {
      const [first = 0, last = 0, glyph = 0] = [0, 4, 8].map((one) => this.#view.getUint32(at + 16 + 12 * i + one))
      for (let code = first; code <= last; code++) map.set(code, glyph + code - first)
    }
    return map
  }

  #readSegments(at: number): Map<number, number> {
    const map = new Map<number, number>()
    const doubled = this.#view.getUint16(at + 6)
    for (let i = 0; i < doubled; i += 2) {
      const last = this.#view.getUint16(at + 14 + i)
      const first = this.#view.getUint16(at + 16 + doubled + i)
      const delta = this.#view.getUint16(at + 16 + 2 * doubled + i)
      const place = at + 16 + 3 * doubled + i
      const offset = this.#view.getUint16(place)
      for (let code = first; code <= last && code < 0xffff; code++) {
        const found = offset === 0 ? code : this.#view.getUint16(place + offset + 2 * (code - first))
        const glyph = found === 0 && offset !== 0 ? 0 : (found + delta) & 0xffff
        if (glyph > 0) map.set(code, glyph)
      }
    }
    return map
  }

  #outline(glyph: number): Uint8Array {
    const loca = this.#at('loca')
    const isLong = this.#view.getInt16(this.#at('head') + 50) === 1
    const place = (one: number) =>
      isLong ? this.#view.getUint32(loca + 4 * one) : 2 * this.#view.getUint16(loca + 2 * one)
    return this.#table('glyf').subarray(place(glyph), place(glyph + 1))
  }

  #withParts(used: ReadonlySet<number>): Set<number> {
    const drawn = new Set<number>()
    const pending = [0, ...used]
    for (let glyph = pending.pop(); glyph !== undefined; glyph = pending.pop()) {
      if (drawn.has(glyph)) continue
      drawn.add(glyph)
      pending.push(...partsOf(this.#outline(glyph)))
    }
    return drawn
  }
}

/** Glyphs that a composed one draws. */
function partsOf(outline: Uint8Array): number[] {
  const view = new DataView(outline.buffer, outline.byteOffset, outline.byteLength)
  if (outline.length < 10 || view.getInt16(0) >= 0) return []
  const parts: number[] = []
  let at = 10
  for (;;) {
    const flags = view.getUint16(at)
    parts.push(view.getUint16(at + 2))
    at += 4 + (flags & 1 ? 4 : 2) + (flags & 8 ? 2 : flags & 0x40 ? 4 : flags & 0x80 ? 8 : 0)
    if ((flags & 0x20) === 0) return parts
  }
}

function writeTables(tables: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const sorted = [...tables].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const power = Math.floor(Math.log2(sorted.length))
  const header = new DataView(new ArrayBuffer(12 + 16 * sorted.length))
  header.setUint32(0, 0x00010000)
  header.setUint16(4, sorted.length)
  header.setUint16(6, 16 * 2 ** power)
  header.setUint16(8, power)
  header.setUint16(10, 16 * (sorted.length - 2 ** power))
  let offset = header.byteLength
  const bodies = sorted.map(([tag, bytes], i) => {
    const padded = new Uint8Array((bytes.length + 3) & ~3)
    padded.set(bytes)
    const at = 12 + 16 * i
    for (let one = 0; one < 4; one++) header.setUint8(at + one, tag.charCodeAt(one))
    header.setUint32(at + 4, sumOf(padded))
    header.setUint32(at + 8, offset)
    header.setUint32(at + 12, bytes.length)
    offset += padded.length
    return padded
  })
  return Buffer.concat([new Uint8Array(header.buffer), ...bodies])
}

function sumOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let sum = 0
  for (let at = 0; at < bytes.length; at += 4) sum = (sum + view.getUint32(at)) >>> 0
  return sum
}
