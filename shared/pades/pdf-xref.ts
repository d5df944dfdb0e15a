import { refuse } from './pades-error.ts'
import { MAX_OBJECT_NUMBER, PdfReader } from './pdf-read.ts'
import { decodeStream } from './pdf-stream.ts'
import type { PdfDict, PdfValue } from './pdf-value.ts'

/** Where an object stands. */
export type XrefEntry =
  | { readonly kind: 'free' }
  | { readonly kind: 'at'; readonly offset: number; readonly generation: number }
  | { readonly kind: 'packed'; readonly container: number; readonly index: number }

/** One cross-reference section with its trailer (ISO 32000-1 7.5.4, 7.5.5, 7.5.8). */
export interface XrefSection {
  readonly kind: 'table' | 'stream'
  readonly offset: number
  /** Behind the trailer dictionary, or behind `endobj` of the stream. */
  readonly end: number
  readonly trailer: PdfDict
  readonly entries: ReadonlyMap<number, XrefEntry>
}

/** One section for each revision; archives renewed for a century stay below. */
const MAX_SECTIONS = 256
const MAX_ENTRIES = 1_000_000
const MAX_XREF_BYTES = 32 * 1024 * 1024
const CLAUSE = 'ISO 32000-1 7.5.4'

/** Octets allowed behind the last `%%EOF`: the end of its line, and no more. */
const MAX_TAIL = 4

export interface Tail {
  readonly startxref: number
  /** Behind `%%EOF`, before the end of its line. */
  readonly eof: number
}

/** The last `startxref`, which must be all that stands at the end (7.5.5). Throws PadesError `trailing-bytes`. */
export function readTail(bytes: Uint8Array, end: number): Tail {
  let eof = end
  while (eof > 0 && end - eof < MAX_TAIL && [10, 13, 32].includes(bytes[eof - 1] ?? 0)) eof--
  const from = Math.max(0, eof - 64)
  const text = String.fromCharCode(...bytes.subarray(from, eof))
  const match = /startxref[\r\n ]{1,3}(\d{1,12})[\r\n ]{1,3}%%EOF$/.exec(text)
  if (!match) return refuse('trailing-bytes', 'ISO 32000-1 7.5.5: startxref and %%EOF at the end', { end })
  return { startxref: Number(match[1]), eof }
}

/** All sections from the newest to the oldest, each once. Throws PadesError `cross-reference` and those of reading. */
export function readSections(bytes: Uint8Array, startxref: number): readonly XrefSection[] {
  const sections: XrefSection[] = []
  const seen = new Set<number>()
  let entries = 0
  const read = (offset: number): XrefSection => {
    if (seen.has(offset)) refuse('cross-reference', `${CLAUSE}: in a circle`, { offset })
    if (seen.size >= MAX_SECTIONS) refuse('too-large', 'cross-reference sections', { limit: MAX_SECTIONS })
    seen.add(offset)
    if (offset >= bytes.length) refuse('cross-reference', `${CLAUSE}: outside the file`, { offset })
    const reader = new PdfReader(bytes, offset)
    const section = reader.isAt('xref') ? readTable(reader, offset) : readXrefStream(reader, offset)
    entries += section.entries.size
    if (entries > MAX_ENTRIES) refuse('too-large', 'cross-reference entries', { limit: MAX_ENTRIES })
    return section
  }
  let next: number | null = startxref
  while (next !== null) {
    const section = read(next)
    sections.push(section)
    // 7.5.8.4: beside a table, a stream for those who read streams; it comes before what the table continues.
    const hybrid = offsetOf(section.trailer, 'XRefStm')
    if (hybrid !== null && section.kind === 'table') {
      const beside = read(hybrid)
      if (beside.kind !== 'stream') refuse('cross-reference', 'ISO 32000-1 7.5.8.4: XRefStm')
      sections.push(beside)
    }
    next = offsetOf(section.trailer, 'Prev')
  }
  return sections
}

function offsetOf(trailer: PdfDict, key: string): number | null {
  const value = trailer.entries.get(key)
  if (!value) return null
  return isNatural(value) ? value.value : refuse('cross-reference', `ISO 32000-1 7.5.5: ${key}`)
}

const isNatural = (value: PdfValue | undefined): value is PdfValue & { kind: 'number' } =>
  value?.kind === 'number' && Number.isSafeInteger(value.value) && value.value >= 0

function readTable(reader: PdfReader, offset: number): XrefSection {
  const entries = new Map<number, XrefEntry>()
  reader.keyword('xref')
  reader.skipSpace()
  while (!reader.isAt('trailer')) {
    const first = reader.natural(MAX_OBJECT_NUMBER)
    reader.skipSpace()
    const count = reader.natural(MAX_ENTRIES)
    reader.skipSpace()
    if (first + count > MAX_OBJECT_NUMBER + 1) refuse('cross-reference', `${CLAUSE}: object number`, { first })
    for (let i = 0; i < count; i++) {
      if (entries.has(first + i)) refuse('cross-reference', `${CLAUSE}: twice`, { number: first + i })
      entries.set(first + i, readRow(reader))
    }
  }
  reader.keyword('trailer')
  reader.skip()
  const trailer = reader.value()
  if (trailer.kind !== 'dict') return refuse('cross-reference', 'ISO 32000-1 7.5.5: trailer')
  return { kind: 'table', offset, end: reader.at, trailer, entries }
}

/** Twenty octets: `0000000017 00000 n` and two that end the line. */
function readRow(reader: PdfReader): XrefEntry {
  const text = String.fromCharCode(...reader.bytes.subarray(reader.at, Math.min(reader.limit, reader.at + 20)))
  const match = /^(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n)$/.exec(text)
  if (!match) return refuse('cross-reference', `${CLAUSE}: entry`, { at: reader.at })
  reader.at += 20
  if (match[3] === 'f') return { kind: 'free' }
  return { kind: 'at', offset: Number(match[1]), generation: Number(match[2]) }
}

function readXrefStream(reader: PdfReader, offset: number): XrefSection {
  reader.objectHeader()
  const stream = reader.object()
  const clause = 'ISO 32000-1 7.5.8'
  if (stream.kind !== 'stream') return refuse('cross-reference', clause, { offset })
  const { dict } = stream
  const type = dict.entries.get('Type')
  if (type?.kind !== 'name' || type.name !== 'XRef') refuse('cross-reference', `${clause}: Type`)
  const length = dict.entries.get('Length')
  if (!isNatural(length)) return refuse('cross-reference', `${clause}: Length must be direct`)
  const dataEnd = stream.dataStart + length.value
  const end = endOfStream(reader, dataEnd)
  const data = decodeStream(dict, reader.bytes.subarray(stream.dataStart, dataEnd), MAX_XREF_BYTES)
  return { kind: 'stream', offset, end, trailer: dict, entries: readRows(dict, data) }
}

/** Behind `endobj`. */
export function endOfStream(reader: PdfReader, dataEnd: number): number {
  if (dataEnd > reader.limit) refuse('stream', 'ISO 32000-1 7.3.8.2: Length', { dataEnd })
  reader.at = dataEnd
  reader.skipSpace()
  if (reader.at - dataEnd > 2) refuse('stream', 'ISO 32000-1 7.3.8.1: Length', { dataEnd })
  reader.keyword('endstream')
  reader.skipSpace()
  reader.keyword('endobj')
  return reader.at
}

const numbersOf = (value: PdfValue | undefined): readonly number[] | null =>
  value?.kind === 'array' && value.items.every(isNatural)
    ? value.items.map((one) => (isNatural(one) ? one.value : 0))
    : null

function readRows(dict: PdfDict, data: Uint8Array): Map<number, XrefEntry> {
  const clause = 'ISO 32000-1 7.5.8.2'
  const widths = numbersOf(dict.entries.get('W'))
  const size = dict.entries.get('Size')
  if (widths?.length !== 3 || widths.some((one) => one > 8)) return refuse('cross-reference', `${clause}: W`)
  if (!isNatural(size) || size.value > MAX_OBJECT_NUMBER + 1) return refuse('cross-reference', `${clause}: Size`)
  const index = dict.entries.has('Index') ? numbersOf(dict.entries.get('Index')) : [0, size.value]
  if (!index || index.length % 2 !== 0) return refuse('cross-reference', `${clause}: Index`)
  const [typeWidth = 0, middleWidth = 0, lastWidth = 0] = widths
  const entries = new Map<number, XrefEntry>()
  let at = 0
  const field = (width: number): number => {
    let value = 0
    for (let i = 0; i < width; i++) value = value * 256 + (data[at++] ?? 0)
    return Number.isSafeInteger(value) ? value : refuse('cross-reference', `${clause}: number`)
  }
  for (let pair = 0; pair < index.length; pair += 2) {
    const first = index[pair] ?? 0
    const count = index[pair + 1] ?? 0
    if (first + count > MAX_OBJECT_NUMBER + 1) refuse('cross-reference', `${clause}: object number`, { first })
    if (at + count * (typeWidth + middleWidth + lastWidth) > data.length) refuse('cross-reference', `${clause}: rows`)
    // Rows of no octets would let a few numbers stand for millions.
    if (typeWidth + middleWidth + lastWidth === 0) refuse('cross-reference', `${clause}: W`)
    for (let i = 0; i < count; i++) {
      if (entries.has(first + i)) refuse('cross-reference', `${clause}: twice`, { number: first + i })
      const kind = typeWidth === 0 ? 1 : field(typeWidth)
      const middle = field(middleWidth)
      const last = field(lastWidth)
      if (kind === 0) entries.set(first + i, { kind: 'free' })
      else if (kind === 1) entries.set(first + i, { kind: 'at', offset: middle, generation: last })
      else if (kind === 2) entries.set(first + i, { kind: 'packed', container: middle, index: last })
      else refuse('cross-reference', `${clause}: type`, { kind })
    }
  }
  if (at !== data.length) refuse('cross-reference', `${clause}: octets left over`)
  return entries
}
