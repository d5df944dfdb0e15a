import { readFields, type SignatureField } from './form-fields.ts'
import { boxOf } from './page-tree.ts'
import { refuse } from './pades-error.ts'
import { PdfFile } from './pdf-file.ts'
import type { PdfDict, PdfRef, PdfValue } from './pdf-value.ts'

const MAX_SIGNATURES = 64
/** Objects looked at once for each signature: a small file could ask for hours. */
const MAX_VISITS = 4_000_000
const CLAUSE = 'ISO 32000-1 12.8.1'

/** A signature whose place in the file is what it says it is. Its content is not judged. */
export interface PlacedSignature {
  readonly kind: 'signature' | 'time-stamp'
  readonly field: SignatureField
  readonly ref: PdfRef
  readonly dict: PdfDict
  /** DER, without the zeros that fill the hole. */
  readonly cms: Uint8Array
  readonly byteRange: readonly [number, number, number, number]
  /** Behind the last octet signed. */
  readonly end: number
  readonly isVisible: boolean
  /** The file as it was signed. */
  readonly revision: PdfFile
}

/**
 * Every filled signature field, oldest first. Each covers a revision from its first octet to its last but its own
 * Contents (12.8.1; EN 319 142-1 5.1): two ranges, the first from 0, the hole exactly the string in its dictionary, the
 * end that of a revision. So nothing inside what was signed can be anything else than at signing, and none lies
 * across another. Throws PadesError.
 */
export function readSignatures(file: PdfFile): readonly PlacedSignature[] {
  const filled = readFields(file).signatures.filter(({ value }) => value)
  if (filled.length > MAX_SIGNATURES) refuse('too-large', 'signatures', { limit: MAX_SIGNATURES })
  const visits = filled.length * file.entries.size
  if (filled.length > 1 && visits > MAX_VISITS) refuse('too-large', 'objects under signatures', { limit: MAX_VISITS })
  const placed = filled.map((field) => place(file, field)).toSorted((a, b) => a.end - b.end)
  const dictionaries = new Set(placed.map(({ ref }) => ref.number))
  if (dictionaries.size !== placed.length) refuse('signature-dictionary', `${CLAUSE}: one field for each`)
  let previous = 0
  for (const { byteRange, end, ref, revision } of placed) {
    // Signed anew, an older revision would let the later one say what it likes about it.
    if (byteRange[1] < previous) refuse('revision', `${CLAUSE}: a revision for each`, { end })
    const { start } = file.locate(ref.number, ref.generation)
    if (start < previous) refuse('revision', `${CLAUSE}: dictionary in its own revision`, { end })
    if (revision.locate(ref.number, ref.generation).start !== start) refuse('revision', `${CLAUSE}: another dictionary`)
    previous = end
  }
  return placed
}

function place(file: PdfFile, field: SignatureField): PlacedSignature {
  const ref = field.value
  if (ref?.kind !== 'ref') return refuse('signature-dictionary', `${CLAUSE}: an object of its own`)
  const { value: dict, start, end: objectEnd } = file.locate(ref.number, ref.generation)
  if (dict.kind !== 'dict' || start < 0) return refuse('signature-dictionary', `${CLAUSE}: an object of its own`)
  const kind = kindOf(dict)
  const contents = dict.entries.get('Contents')
  if (contents?.kind !== 'string' || !contents.hex) return refuse('contents', `${CLAUSE}: hexadecimal string`)
  const byteRange = readByteRange(dict.entries.get('ByteRange'))
  const [first, from, to, length] = byteRange
  const end = to + length
  if (first !== 0) refuse('byte-range', `${CLAUSE}: from the first octet`, { first })
  if (from !== contents.start || to !== contents.end) {
    refuse('byte-range', `${CLAUSE}: the hole is Contents`, { from, to, start: contents.start, end: contents.end })
  }
  verifyDigits(file.bytes, contents.start + 1, contents.end - 1)
  if (end > file.bytes.length || end < objectEnd) refuse('byte-range', `${CLAUSE}: the end`, { end })
  // EN 319 142-1 6.3: the certificate stands in the CMS.
  if (dict.entries.has('Cert')) refuse('signature-dictionary', 'EN 319 142-1 6.3: Cert')
  const [left = 0, bottom = 0, right = 0, top = 0] = boxOf(file, field.dict.entries.get('Rect')) ?? []
  return {
    kind,
    field,
    ref,
    dict,
    cms: cmsOf(contents.bytes),
    byteRange,
    end,
    isVisible: left !== right && bottom !== top,
    revision: new PdfFile(file.bytes, end),
  }
}

/** Nothing but digits between the brackets: white space there would be signed by nobody and could say something. */
function verifyDigits(bytes: Uint8Array, from: number, to: number): void {
  if ((to - from) % 2 !== 0) refuse('contents', `${CLAUSE}: odd count of digits`)
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0
    const isDigit = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
    if (!isDigit) refuse('contents', `${CLAUSE}: white space`, { at: i })
  }
}

function kindOf(dict: PdfDict): 'signature' | 'time-stamp' {
  const nameOf = (key: string) => {
    const value = dict.entries.get(key)
    return value?.kind === 'name' ? value.name : null
  }
  const type = nameOf('Type')
  const subFilter = nameOf('SubFilter')
  if (nameOf('Filter') === null) refuse('signature-dictionary', `${CLAUSE}: Filter`)
  if (subFilter === 'ETSI.CAdES.detached' && (type === 'Sig' || type === null)) return 'signature'
  if (subFilter === 'ETSI.RFC3161' && type === 'DocTimeStamp') return 'time-stamp'
  return refuse('sub-filter', 'EN 319 142-1 5.4.3, 6.3', { type, subFilter: subFilter?.slice(0, 60) ?? null })
}

function readByteRange(value: PdfValue | undefined): readonly [number, number, number, number] {
  const numbers =
    value?.kind === 'array'
      ? value.items.flatMap((one) =>
          one.kind === 'number' && /^\d{1,12}$/.test(one.text) ? [Number(one.text)] : [Number.NaN],
        )
      : []
  const [a, b, c, d] = numbers
  const isRange =
    a !== undefined && b !== undefined && c !== undefined && d !== undefined && !numbers.some(Number.isNaN)
  if (!isRange || numbers.length !== 4)
    return refuse('byte-range', `${CLAUSE}: two ranges`, { numbers: numbers.length })
  return [a, b, c, d]
}

/** The DER value, and that nothing but zeros follows it. */
function cmsOf(contents: Uint8Array): Uint8Array {
  const length = derLength(contents)
  if (contents.subarray(length).some((byte) => byte !== 0)) refuse('contents-padding', `${CLAUSE}: zeros`)
  return contents.subarray(0, length)
}

function derLength(der: Uint8Array): number {
  const clause = 'RFC 5652 5.1: DER'
  const [tag = 0, first = 0] = der
  const count = first < 0x80 ? 0 : first & 0x7f
  if (tag !== 0x30 || first === 0x80 || count > 4) refuse('contents', clause)
  let length = count === 0 ? first : 0
  for (let i = 0; i < count; i++) length = length * 256 + (der[2 + i] ?? 0)
  const whole = 2 + count + length
  return whole <= der.length ? whole : refuse('contents', `${clause}: cut off`)
}
