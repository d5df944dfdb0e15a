/** The objects of PDF (ISO 32000-1 7.3) as read or to be written. No code but makers. */

export interface PdfNumber {
  readonly kind: 'number'
  readonly value: number
  /** As written, so that nothing is lost when it is written again. */
  readonly text: string
}
export interface PdfName {
  readonly kind: 'name'
  /** Octets as Latin-1, `#xx` resolved. */
  readonly name: string
}
export interface PdfString {
  readonly kind: 'string'
  readonly bytes: Uint8Array
  readonly hex: boolean
  /** Where the token begins and ends in the octets read; -1 where it was made. */
  readonly start: number
  readonly end: number
}
export interface PdfArray {
  readonly kind: 'array'
  readonly items: readonly PdfValue[]
}
export interface PdfDict {
  readonly kind: 'dict'
  readonly entries: ReadonlyMap<string, PdfValue>
}
export interface PdfRef {
  readonly kind: 'ref'
  readonly number: number
  readonly generation: number
}
/** A stream as it stands: where its octets begin; `length` may be a reference. */
export interface PdfStream {
  readonly kind: 'stream'
  readonly dict: PdfDict
  readonly dataStart: number
}
/** A stream to be written. */
export interface NewStream {
  readonly kind: 'new-stream'
  /** Without `/Length`. */
  readonly dict: PdfDict
  readonly data: Uint8Array
}
export type PdfValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | PdfNumber
  | PdfName
  | PdfString
  | PdfArray
  | PdfDict
  | PdfRef

export const NULL = { kind: 'null' } as const

export const pdfName = (name: string): PdfName => ({ kind: 'name', name })

/** Integers, and points to two decimals. */
export const pdfNumber = (value: number): PdfNumber => {
  const rounded = Math.round(value * 100) / 100
  return { kind: 'number', value: rounded, text: String(rounded) }
}

export const pdfArray = (...items: readonly PdfValue[]): PdfArray => ({ kind: 'array', items })

export const pdfRef = (number: number, generation = 0): PdfRef => ({ kind: 'ref', number, generation })

export const pdfDict = (entries: Readonly<Record<string, PdfValue | null>>): PdfDict => ({
  kind: 'dict',
  entries: new Map(Object.entries(entries).flatMap(([key, value]) => (value ? [[key, value]] : []))),
})

/** The same dictionary with some entries set. */
export const withEntries = (dict: PdfDict, entries: Readonly<Record<string, PdfValue>>): PdfDict => ({
  kind: 'dict',
  entries: new Map([...dict.entries, ...Object.entries(entries)]),
})

export const pdfBytes = (bytes: Uint8Array, hex = true): PdfString => ({
  kind: 'string',
  bytes,
  hex,
  start: -1,
  end: -1,
})

/** A text string (7.9.2.2): ASCII as it is, anything else as UTF-16BE with its mark. */
export function pdfText(text: string): PdfString {
  if (/^[\x20-\x7e]*$/.test(text))
    return pdfBytes(
      Uint8Array.from(text, (one) => one.charCodeAt(0)),
      false,
    )
  const bytes = new Uint8Array(2 + 2 * text.length)
  bytes.set([0xfe, 0xff])
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes.set([unit >> 8, unit & 0xff], 2 + 2 * i)
  }
  return pdfBytes(bytes)
}

/** The other way; what is no UTF-16 is read as Latin-1, near enough to PDFDocEncoding for people. */
export function textOf({ bytes }: PdfString): string {
  const isWide = bytes[0] === 0xfe && bytes[1] === 0xff
  let text = ''
  for (let i = isWide ? 2 : 0; i < bytes.length; i += isWide ? 2 : 1) {
    const unit = isWide ? ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0) : (bytes[i] ?? 0)
    text += String.fromCharCode(unit)
  }
  return text
}

/** Dates (7.9.4), in UTC. */
export const pdfDate = (at: Date): PdfString => pdfText(`D:${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`)

const DATE = /^D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:Z(?:00'?00'?)?|([+-])(\d{2})'?(\d{2})?'?)?$/

/** Null where it is no date. */
export function dateOf(value: PdfString): Date | null {
  const parts = DATE.exec(textOf(value))
  if (!parts) return null
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((one, i) => (one === undefined ? [0, 1, 1, 0, 0, 0][i] : Number(one)))
  const offset = (parts[7] === '-' ? -1 : 1) * (Number(parts[8] ?? 0) * 60 + Number(parts[9] ?? 0))
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute - offset, second))
  return Number.isNaN(date.getTime()) ? null : date
}

/** Same value, strings by their octets however written. */
export function isSameValue(a: PdfValue, b: PdfValue): boolean {
  if (a.kind === 'null' || b.kind === 'null') return a.kind === b.kind
  if (a.kind === 'boolean' && b.kind === 'boolean') return a.value === b.value
  if (a.kind === 'number' && b.kind === 'number') return a.value === b.value
  if (a.kind === 'name' && b.kind === 'name') return a.name === b.name
  if (a.kind === 'string' && b.kind === 'string') return isSameBytes(a.bytes, b.bytes)
  if (a.kind === 'ref' && b.kind === 'ref') return a.number === b.number && a.generation === b.generation
  if (a.kind === 'dict' && b.kind === 'dict') return isSameDict(a, b)
  if (a.kind !== 'array' || b.kind !== 'array' || a.items.length !== b.items.length) return false
  return a.items.every((one, i) => isSameValue(one, b.items[i] ?? NULL))
}

/** Same entries, leaving some out of account. */
export function isSameDict(a: PdfDict, b: PdfDict, but: readonly string[] = []): boolean {
  const keys = new Set([...a.entries.keys(), ...b.entries.keys()].filter((key) => !but.includes(key)))
  return [...keys].every((key) => isSameValue(a.entries.get(key) ?? NULL, b.entries.get(key) ?? NULL))
}

export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
