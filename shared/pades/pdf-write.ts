import { digest } from '../pki/index.ts'
import { refuse } from './pades-error.ts'
import type { PdfFile } from './pdf-file.ts'
import {
  pdfArray,
  pdfBytes,
  pdfName,
  pdfNumber,
  pdfRef,
  withEntries,
  type NewStream,
  type PdfDict,
  type PdfRef,
  type PdfValue,
} from './pdf-value.ts'

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0))

/** An object as text, its strings in hexadecimal or escaped; every octet below 0x80. */
export function writeValue(value: PdfValue): string {
  if (value.kind === 'dict') return writeDict(value)
  if (value.kind === 'array') return `[${value.items.map(writeValue).join(' ')}]`
  if (value.kind === 'name') return writeName(value.name)
  if (value.kind === 'string') return value.hex ? writeHex(value.bytes) : writeLiteral(value.bytes)
  if (value.kind === 'ref') return `${value.number} ${value.generation} R`
  if (value.kind === 'number') return value.text
  return value.kind === 'boolean' ? String(value.value) : 'null'
}

const writeDict = ({ entries }: PdfDict): string =>
  `<<${[...entries].map(([key, one]) => `${writeName(key)} ${writeValue(one)}`).join(' ')}>>`

const writeName = (name: string): string =>
  `/${name.replace(/[^!-~]|[()<>[\]{}/%#]/g, (one) => `#${one.charCodeAt(0).toString(16).padStart(2, '0')}`)}`

const writeHex = (bytes: Uint8Array): string =>
  `<${Array.from(bytes, (one) => one.toString(16).padStart(2, '0')).join('')}>`

function writeLiteral(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes)
  return /^[\x20-\x7e]*$/.test(text) ? `(${text.replace(/[\\()]/g, '\\$&')})` : writeHex(bytes)
}

/** Text in place of an object, for what must be filled in later at a known place. */
interface RawObject {
  readonly kind: 'raw'
  readonly text: string
}

export interface UpdatedPdf {
  readonly pdf: Uint8Array
  /** Where each object written begins. */
  readonly offsets: ReadonlyMap<number, number>
}

/**
 * A later revision (ISO 32000-1 7.5.6): objects set here are appended behind the file, with a cross-reference section
 * of the kind the file has. Not one octet of the file changes.
 */
export class PdfUpdate {
  readonly file: PdfFile
  readonly #objects = new Map<number, { value: PdfValue | NewStream | RawObject; generation: number }>()
  #next: number

  constructor(file: PdfFile) {
    this.file = file
    const size = file.trailer.entries.get('Size')
    const declared = size?.kind === 'number' ? size.value : 0
    let last = 0
    for (const number of file.entries.keys()) last = Math.max(last, number)
    this.#next = Math.max(last + 1, declared, 1)
  }

  add(value: PdfValue | NewStream | RawObject): PdfRef {
    const number = this.#next++
    this.#objects.set(number, { value, generation: 0 })
    return pdfRef(number)
  }

  set({ number, generation }: PdfRef, value: PdfValue): void {
    this.#objects.set(number, { value, generation })
  }

  /** The dictionary as it is so far in this update. */
  dict(ref: PdfRef, what: string): PdfDict {
    const set = this.#objects.get(ref.number)?.value
    if (set?.kind === 'dict') return set
    return this.file.dict(ref, what)
  }

  finish(): UpdatedPdf {
    const { file } = this
    const parts: Uint8Array[] = [file.bytes]
    let at = file.bytes.length
    const push = (part: Uint8Array | string) => {
      const bytes = typeof part === 'string' ? latin1(part) : part
      parts.push(bytes)
      at += bytes.length
    }
    const last = file.bytes.at(-1)
    if (last !== 10 && last !== 13) push('\n')
    const offsets = new Map<number, number>()
    const isStream = file.sections[0]?.kind === 'stream'
    for (const [number, { value, generation }] of [...this.#objects].toSorted(([a], [b]) => a - b)) {
      offsets.set(number, at)
      push(`${number} ${generation} obj\n`)
      for (const part of writeObject(value)) push(part)
      push('\nendobj\n')
    }
    const startxref = at
    const trailer = this.#trailer(parts)
    if (isStream) {
      const own = this.#next++
      offsets.set(own, at)
      for (const part of this.#xrefStream(trailer, own, offsets)) push(part)
    } else push(this.#xrefTable(trailer, offsets))
    push(`startxref\n${startxref}\n%%EOF\n`)
    return { pdf: join(parts, at), offsets }
  }

  /** 14.4: the second half of the identifier is of this revision; taken from what it holds. */
  #trailer(parts: readonly Uint8Array[]): PdfDict {
    const { entries } = this.file.trailer
    const kept = ['Root', 'Info'].flatMap((key): [string, PdfValue][] => {
      const value = entries.get(key)
      return value ? [[key, value]] : []
    })
    const id = this.file.resolve(entries.get('ID'))
    const first = id.kind === 'array' ? id.items[0] : undefined
    if (first) {
      const second = digest('sha256', first.kind === 'string' ? first.bytes : new Uint8Array(), ...parts.slice(1))
      kept.push(['ID', pdfArray(first, pdfBytes(second.subarray(0, 16)))])
    }
    kept.push(['Prev', pdfNumber(this.file.startxref)])
    return { kind: 'dict', entries: new Map(kept) }
  }

  #xrefTable(trailer: PdfDict, offsets: ReadonlyMap<number, number>): string {
    const row = (number: number) =>
      `${String(offsets.get(number)).padStart(10, '0')} ${String(this.#generation(number)).padStart(5, '0')} n\r\n`
    const table = runsOf([...offsets.keys()]).map((run) => `${run[0]} ${run.length}\n${run.map(row).join('')}`)
    const whole = withEntries(trailer, { Size: pdfNumber(this.#next) })
    return `xref\n${table.join('')}trailer\n${writeValue(whole)}\n`
  }

  #xrefStream(trailer: PdfDict, own: number, offsets: ReadonlyMap<number, number>): readonly (Uint8Array | string)[] {
    const runs = runsOf([...offsets.keys()])
    const rows = runs.flat().flatMap((number) => {
      const offset = offsets.get(number) ?? 0
      const generation = this.#generation(number)
      return [1, ...octets(offset, 5), ...octets(generation, 2)]
    })
    const dict = withEntries(trailer, {
      Type: pdfName('XRef'),
      Size: pdfNumber(this.#next),
      W: pdfArray(pdfNumber(1), pdfNumber(5), pdfNumber(2)),
      Index: pdfArray(...runs.flatMap((run) => [pdfNumber(run[0] ?? 0), pdfNumber(run.length)])),
    })
    const stream = { kind: 'new-stream', dict, data: Uint8Array.from(rows) } as const
    return [`${own} 0 obj\n`, ...writeObject(stream), '\nendobj\n']
  }

  #generation(number: number): number {
    return this.#objects.get(number)?.generation ?? 0
  }
}

function writeObject(value: PdfValue | NewStream | RawObject): readonly (Uint8Array | string)[] {
  if (value.kind === 'raw') return [value.text]
  if (value.kind !== 'new-stream') return [writeValue(value)]
  const dict = withEntries(value.dict, { Length: pdfNumber(value.data.length) })
  return [`${writeValue(dict)}\nstream\n`, value.data, '\nendstream']
}

/** Numbers that follow each other, together. */
function runsOf(numbers: readonly number[]): readonly (readonly number[])[] {
  const runs: number[][] = []
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const run = runs.at(-1)
    if (run?.at(-1) === number - 1) run.push(number)
    else runs.push([number])
  }
  return runs
}

const octets = (value: number, width: number): number[] =>
  Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** (width - 1 - i)) % 256)

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (length > 9_999_999_999) refuse('too-large', 'ISO 32000-1 7.5.4: offsets')
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
