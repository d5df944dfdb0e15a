import { createHash } from 'node:crypto'
import type { ManifestHead } from '../../../shared/exports/index.ts'
import { dateString, textString, type PdfWriter } from './pdf-writer.ts'
import type { ReportFont } from './report-font.ts'
import type { Bookmark, ReportPages } from './report-pages.ts'

// What a PDF is besides its pages (ISO 32000-1 7.7.2, 7.11.4, 9.7, 12.3.3, 14.3).

/** The font with the glyphs that were written, and how to get the letters back from them. Gives its object. */
export function writeFont(writer: PdfWriter, { file, used }: ReportFont): number {
  const glyphs = [...used.keys()].toSorted((a, b) => a - b)
  const { metrics } = file
  const scale = (value: number) => Math.round((value * 1000) / metrics.unitsPerEm)
  const subset = file.subset(new Set(glyphs))
  const tag = Array.from(createHash('sha256').update(subset).digest().subarray(0, 6), (byte) =>
    String.fromCharCode(65 + (byte % 26)),
  ).join('')
  const name = `/${tag}+DejaVuSans`
  const program = writer.stream(subset, `/Length1 ${subset.length}`)
  const descriptor = writer.add(
    `<</Type /FontDescriptor /FontName ${name} /Flags 4 /FontBBox [${metrics.box.map(scale).join(' ')}] /ItalicAngle 0 ` +
      `/Ascent ${scale(metrics.ascent)} /Descent ${scale(metrics.descent)} /CapHeight ${scale(metrics.capHeight)} /StemV 80 /FontFile2 ${program} 0 R>>`,
  )
  const widths = glyphs.map((glyph) => `${glyph} [${Math.round(file.width(glyph))}]`).join(' ')
  const descendant = writer.add(
    `<</Type /Font /Subtype /CIDFontType2 /BaseFont ${name} /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> ` +
      `/FontDescriptor ${descriptor} 0 R /DW 600 /W [${widths}] /CIDToGIDMap /Identity>>`,
  )
  const unicode = writer.stream(Buffer.from(letterMap(glyphs, used)))
  return writer.add(
    `<</Type /Font /Subtype /Type0 /BaseFont ${name} /Encoding /Identity-H /DescendantFonts [${descendant} 0 R] /ToUnicode ${unicode} 0 R>>`,
  )
}

/** 9.10.3. */
function letterMap(glyphs: readonly number[], used: ReadonlyMap<number, number>): string {
  const hex = (value: number) => value.toString(16).padStart(4, '0')
  const lines = glyphs.map((glyph) => {
    const letter = Buffer.from(String.fromCodePoint(used.get(glyph) ?? 0xfffd), 'utf16le')
      .swap16()
      .toString('hex')
    return `<${hex(glyph)}> <${letter}>`
  })
  const blocks: string[] = []
  for (let first = 0; first < lines.length; first += 100) {
    const block = lines.slice(first, first + 100)
    blocks.push(`${block.length} beginbfchar\n${block.join('\n')}\nendbfchar`)
  }
  return [
    '/CIDInit /ProcSet findresource begin 12 dict begin begincmap',
    '/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def',
    '/CMapName /Adobe-Identity-UCS def /CMapType 2 def',
    '1 begincodespacerange <0000> <ffff> endcodespacerange',
    ...blocks,
    'endcmap CMapName currentdict /CMap defineresource pop end end',
  ].join('\n')
}

/** The data as an attachment that belongs to the whole document (7.11.4; ISO 32000-2 7.11.3, AFRelationship). */
export async function writeAttachment(
  writer: PdfWriter,
  file: { readonly name: string; readonly data: Uint8Array; readonly description: string; readonly at: number },
): Promise<number> {
  const parameters = `/Params <</Size ${file.data.length} /ModDate ${dateString(file.at)}>>`
  const content = await writer.longStream(file.data, `/Type /EmbeddedFile /Subtype /application#2Fjsonl ${parameters}`)
  const name = textString(file.name)
  return writer.add(
    `<</Type /Filespec /F (${file.name}) /UF ${name} /Desc ${textString(file.description)} /AFRelationship /Data ` +
      `/EF <</F ${content} 0 R /UF ${content} 0 R>>>>`,
  )
}

/** Bookmarks under one that is their title, closed. Gives the outline, or null where there are none. */
export function writeBookmarks(
  writer: PdfWriter,
  pages: ReportPages,
  top: readonly Bookmark[],
  below: readonly Bookmark[],
): number {
  const root = writer.reserve()
  const numbers = top.map(() => writer.reserve())
  const inner = below.map(() => writer.reserve())
  const last = numbers.length - 1
  const item = (bookmark: Bookmark, parent: number, siblings: readonly number[], i: number, more: string) => {
    const previous = i > 0 ? ` /Prev ${siblings[i - 1]} 0 R` : ''
    const next = i < siblings.length - 1 ? ` /Next ${siblings[i + 1]} 0 R` : ''
    const target = `[${pages.reference(bookmark.page)} /XYZ 0 ${Math.round(bookmark.y)} 0]`
    return `<</Title ${textString(bookmark.title)} /Parent ${parent} 0 R${previous}${next} /Dest ${target}${more}>>`
  }
  for (const [i, bookmark] of top.entries()) {
    const children =
      i === last && inner.length > 0 ? ` /First ${inner[0]} 0 R /Last ${inner.at(-1)} 0 R /Count -${inner.length}` : ''
    writer.write(numbers[i] ?? 0, item(bookmark, root, numbers, i, children))
  }
  for (const [i, bookmark] of below.entries()) {
    writer.write(inner[i] ?? 0, item(bookmark, numbers[last] ?? 0, inner, i, ''))
  }
  writer.write(root, `<</Type /Outlines /First ${numbers[0]} 0 R /Last ${numbers[last]} 0 R /Count ${numbers.length}>>`)
  return root
}

const escapeXml = (text: string): string =>
  text.replace(/[&<>]/g, (mark) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[mark] ?? '')

/** 14.3.2: the same as Info says, as XMP. */
export function writeMetadata(writer: PdfWriter, { createdAt, product, order }: ManifestHead, title: string): number {
  const at = new Date(createdAt).toISOString()
  const xmp = [
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>',
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">',
    `<dc:title><rdf:Alt><rdf:li xml:lang="x-default">${escapeXml(title)}</rdf:li></rdf:Alt></dc:title>`,
    `<dc:language><rdf:Bag><rdf:li>${order.language}</rdf:li></rdf:Bag></dc:language>`,
    `<xmp:CreateDate>${at}</xmp:CreateDate><xmp:ModifyDate>${at}</xmp:ModifyDate>`,
    `<xmp:CreatorTool>${escapeXml(product)}</xmp:CreatorTool><pdf:Producer>${escapeXml(product)}</pdf:Producer>`,
    '</rdf:Description></rdf:RDF></x:xmpmeta>',
    '<?xpacket end="r"?>',
  ].join('\n')
  // Not compressed, so that programs that only search for it find it.
  return writer.add(
    `<</Type /Metadata /Subtype /XML /Length ${Buffer.byteLength(xmp)}>>\nstream\n${Buffer.from(xmp).toString('latin1')}\nendstream`,
  )
}

export const writeInfo = (writer: PdfWriter, { createdAt, product }: ManifestHead, title: string): number =>
  writer.add(
    `<</Title ${textString(title)} /Creator ${textString(product)} /Producer ${textString(product)} ` +
      `/CreationDate ${dateString(createdAt)} /ModDate ${dateString(createdAt)}>>`,
  )
