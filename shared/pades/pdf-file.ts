import { refuse } from './pades-error.ts'
import { PdfReader } from './pdf-read.ts'
import { decodeStream } from './pdf-stream.ts'
import { NULL, type PdfDict, type PdfRef, type PdfStream, type PdfValue } from './pdf-value.ts'
import { endOfStream, readSections, readTail, type XrefEntry, type XrefSection } from './pdf-xref.ts'

/** All object streams of a file together, inflated. */
const MAX_PACKED_BYTES = 96 * 1024 * 1024
const MAX_PACKED_OBJECTS = 100_000
const HEADER = /^%PDF-[12]\.\d[\r\n ]/

/** Keys of a trailer that say where things stand, not what they are. */
export const TRAILER_PLACES: readonly string[] = [
  'Prev',
  'XRefStm',
  'Size',
  'Type',
  'W',
  'Index',
  'Length',
  'Filter',
  'DecodeParms',
]

interface Packed {
  readonly data: Uint8Array
  readonly objects: readonly { readonly number: number; readonly start: number; readonly end: number }[]
}

/**
 * A PDF as of one revision: the octets up to `end`, which must end with `%%EOF`, and the objects that its last
 * cross-references name. Nothing is searched for and nothing repaired: a file that readers would have to guess about is
 * refused. Throws PadesError.
 */
export class PdfFile {
  readonly bytes: Uint8Array
  readonly startxref: number
  readonly sections: readonly XrefSection[]
  readonly trailer: PdfDict
  readonly entries: ReadonlyMap<number, XrefEntry>
  readonly rootRef: PdfRef
  readonly #packed = new Map<number, Packed>()
  #packedBytes = 0
  #isUnpacking = false

  constructor(pdf: Uint8Array, end = pdf.length) {
    this.bytes = pdf.subarray(0, end)
    if (!HEADER.test(String.fromCharCode(...this.bytes.subarray(0, 10)))) refuse('header', 'ISO 32000-1 7.5.2')
    this.startxref = readTail(this.bytes, end).startxref
    this.sections = readSections(this.bytes, this.startxref)
    this.entries = merge(this.sections)
    this.trailer = this.sections[0]?.trailer ?? refuse('cross-reference', 'ISO 32000-1 7.5.5')
    if (this.trailer.entries.has('Encrypt')) refuse('encrypted', 'ISO 32000-1 7.6')
    const root = this.trailer.entries.get('Root')
    this.rootRef = root?.kind === 'ref' ? root : refuse('structure', 'ISO 32000-1 7.5.5: Root')
  }

  get root(): PdfDict {
    return this.dict(this.rootRef, 'ISO 32000-1 7.7.2: catalog')
  }

  /** What stands under that number; null where nothing does. */
  load(number: number, generation = 0): PdfValue | PdfStream {
    return this.locate(number, generation).value
  }

  /** The same, with where the octets of an object of its own begin and end; -1 for those of object streams. */
  locate(number: number, generation = 0): { value: PdfValue | PdfStream; start: number; end: number } {
    const entry = this.entries.get(number)
    if (!entry || entry.kind === 'free') return { value: NULL, start: -1, end: -1 }
    if (entry.kind === 'packed') {
      return { value: generation === 0 ? this.#unpack(entry.container, entry.index, number) : NULL, start: -1, end: -1 }
    }
    if (entry.generation !== generation) return { value: NULL, start: -1, end: -1 }
    return { start: entry.offset, ...this.#readAt(entry.offset, number, generation) }
  }

  /** Where the object at that offset, of that number, ends. */
  endOf(offset: number, number: number, generation: number): number {
    return this.#readAt(offset, number, generation).end
  }

  #readAt(offset: number, number: number, generation: number): { value: PdfValue | PdfStream; end: number } {
    if (offset >= this.bytes.length) refuse('object', 'ISO 32000-1 7.5.4: outside the file', { number })
    const reader = new PdfReader(this.bytes, offset)
    const header = reader.objectHeader()
    if (header.number !== number || header.generation !== generation) {
      refuse('object', 'ISO 32000-1 7.3.10: another object', { number, found: header.number })
    }
    const value = reader.object()
    if (value.kind === 'stream') return { value, end: endOfStream(reader, this.#dataEnd(value)) }
    reader.skip()
    reader.keyword('endobj')
    return { value, end: reader.at }
  }

  /** Follows references to what they stand for. */
  resolve(value: PdfValue | undefined): PdfValue | PdfStream {
    let at: PdfValue | PdfStream = value ?? NULL
    for (let steps = 0; at.kind === 'ref'; steps++) {
      if (steps > 8) refuse('structure', 'ISO 32000-1 7.3.10: references to references')
      at = this.load(at.number, at.generation)
    }
    return at
  }

  /** The dictionary that stands there. Throws PadesError `structure`. */
  dict(value: PdfValue | undefined, what: string): PdfDict {
    const found = this.resolve(value)
    return found.kind === 'dict' ? found : refuse('structure', what)
  }

  /** The same, or null where there is nothing. */
  optionalDict(value: PdfValue | undefined, what: string): PdfDict | null {
    const found = this.resolve(value)
    return found.kind === 'null' ? null : found.kind === 'dict' ? found : refuse('structure', what)
  }

  /** The items of the array that stands there; none where there is nothing. */
  items(value: PdfValue | undefined, what: string): readonly PdfValue[] {
    const found = this.resolve(value)
    if (found.kind === 'null') return []
    return found.kind === 'array' ? found.items : refuse('structure', what)
  }

  /** Octets of a stream as they stand. */
  rawData(stream: PdfStream): Uint8Array {
    return this.bytes.subarray(stream.dataStart, this.#dataEnd(stream))
  }

  /** Octets of a stream, its filter undone. */
  data(stream: PdfStream, limit: number): Uint8Array {
    return decodeStream(stream.dict, this.rawData(stream), limit)
  }

  #dataEnd({ dict, dataStart }: PdfStream): number {
    const given = dict.entries.get('Length')
    const length = given?.kind === 'ref' ? this.#plain(given) : given
    if (length?.kind !== 'number' || !Number.isSafeInteger(length.value) || length.value < 0) {
      return refuse('stream', 'ISO 32000-1 7.3.8.2: Length')
    }
    const end = dataStart + length.value
    return end <= this.bytes.length ? end : refuse('stream', 'ISO 32000-1 7.3.8.2: Length', { length: length.value })
  }

  /** A number that stands by itself or in an object stream, whose own length must not lead back here. */
  #plain({ number, generation }: PdfRef): PdfValue {
    const entry = this.entries.get(number)
    if (entry?.kind === 'packed' && generation === 0) {
      if (this.#isUnpacking) return refuse('stream', 'ISO 32000-1 7.5.7: Length in an object stream', { number })
      return this.#unpack(entry.container, entry.index, number)
    }
    if (entry?.kind !== 'at' || entry.generation !== generation) return NULL
    if (entry.offset >= this.bytes.length) refuse('object', 'ISO 32000-1 7.5.4: outside the file', { number })
    const reader = new PdfReader(this.bytes, entry.offset)
    if (reader.objectHeader().number !== number) refuse('object', 'ISO 32000-1 7.3.10: another object', { number })
    return reader.value()
  }

  #unpack(container: number, index: number, number: number): PdfValue {
    const { data, objects } = this.#packed.get(container) ?? this.#openPacked(container)
    const object = objects[index]
    if (!object || object.number !== number) {
      return refuse('object', 'ISO 32000-1 7.5.7: another object', { number, found: object?.number ?? null })
    }
    const reader = new PdfReader(data, object.start, object.end)
    const value = reader.value()
    reader.skip()
    if (reader.at < object.end) refuse('object', 'ISO 32000-1 7.5.7: octets left over', { number })
    return value
  }

  #openPacked(container: number): Packed {
    this.#isUnpacking = true
    try {
      return this.#readPacked(container)
    } finally {
      this.#isUnpacking = false
    }
  }

  #readPacked(container: number): Packed {
    const clause = 'ISO 32000-1 7.5.7'
    const entry = this.entries.get(container)
    if (entry?.kind !== 'at') return refuse('object', `${clause}: no stream`, { container })
    const stream = this.load(container)
    if (stream.kind !== 'stream') return refuse('object', `${clause}: no stream`, { container })
    const type = stream.dict.entries.get('Type')
    if (type?.kind !== 'name' || type.name !== 'ObjStm') refuse('object', `${clause}: Type`, { container })
    const data = this.data(stream, MAX_PACKED_BYTES - this.#packedBytes)
    this.#packedBytes += data.length
    const natural = (key: string, limit: number): number => {
      const value = stream.dict.entries.get(key)
      const isFine =
        value?.kind === 'number' && Number.isInteger(value.value) && value.value >= 0 && value.value <= limit
      return isFine ? value.value : refuse('object', `${clause}: ${key}`)
    }
    const count = natural('N', MAX_PACKED_OBJECTS)
    const first = natural('First', data.length)
    const reader = new PdfReader(data, 0, first)
    const places: { number: number; start: number }[] = []
    for (let i = 0; i < count; i++) {
      reader.skipSpace()
      const number = reader.natural()
      reader.skipSpace()
      places.push({ number, start: first + reader.natural(data.length - first) })
    }
    const objects = places.map(({ number, start }, i) => ({ number, start, end: places[i + 1]?.start ?? data.length }))
    if (objects.some(({ start, end }) => end < start)) refuse('object', `${clause}: order`, { container })
    const packed = { data, objects }
    this.#packed.set(container, packed)
    return packed
  }
}

/** The newest word about each object; a stream beside a table speaks where the table says free (7.5.8.4). */
function merge(sections: readonly XrefSection[]): Map<number, XrefEntry> {
  const merged = new Map<number, XrefEntry>()
  const hidden = new Set<number>()
  for (const [i, { entries, trailer, kind }] of sections.entries()) {
    const isHybrid = kind === 'table' && trailer.entries.has('XRefStm')
    const isBeside =
      i > 0 && sections[i - 1]?.kind === 'table' && sections[i - 1]?.trailer.entries.has('XRefStm') === true
    for (const [number, entry] of entries) {
      if (!merged.has(number) || (isBeside && hidden.has(number))) merged.set(number, entry)
      if (isHybrid && entry.kind === 'free' && merged.get(number) === entry) hidden.add(number)
    }
    if (!isHybrid) hidden.clear()
  }
  return merged
}
