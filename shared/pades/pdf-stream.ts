import { inflate } from './inflate.ts'
import { refuse } from './pades-error.ts'
import type { PdfDict, PdfValue } from './pdf-value.ts'

/**
 * What a stream of this filter holds: none, or FlateDecode with PNG predictors (ISO 32000-1 7.4.4), which is all that
 * cross-references, object streams, validation data and attachments use. Throws PadesError `stream`, `too-large`.
 */
export function decodeStream(dict: PdfDict, raw: Uint8Array, limit: number): Uint8Array {
  const filter = single(dict.entries.get('Filter'))
  if (!filter) return raw.length <= limit ? raw : refuse('too-large', 'stream', { limit })
  if (filter.kind !== 'name' || filter.name !== 'FlateDecode') refuse('stream', 'ISO 32000-1 7.4: FlateDecode only')
  const parameters = single(dict.entries.get('DecodeParms'))
  const data = inflate(raw, limit)
  if (!parameters || parameters.kind === 'null') return data
  if (parameters.kind !== 'dict') return refuse('stream', 'ISO 32000-1 7.4.4.3: DecodeParms')
  const number = (key: string, absent: number): number => {
    const value = parameters.entries.get(key)
    if (!value) return absent
    const isCount = value.kind === 'number' && Number.isInteger(value.value) && value.value > 0
    return isCount ? value.value : refuse('stream', `ISO 32000-1 7.4.4.3: ${key}`)
  }
  const predictor = number('Predictor', 1)
  if (predictor === 1) return data
  if (predictor < 10 || number('Colors', 1) !== 1 || number('BitsPerComponent', 8) !== 8) {
    refuse('stream', 'ISO 32000-1 7.4.4.4: predictor', { predictor })
  }
  return undoPng(data, number('Columns', 1))
}

/** The value, or the only one of an array. */
function single(value: PdfValue | undefined): PdfValue | undefined {
  if (value?.kind !== 'array') return value
  if (value.items.length > 1) refuse('stream', 'ISO 32000-1 7.4: one filter')
  return value.items[0]
}

/** PNG 9: each row says how it was filtered. */
function undoPng(data: Uint8Array, columns: number): Uint8Array {
  const rows = Math.floor(data.length / (columns + 1))
  if (rows * (columns + 1) !== data.length) refuse('stream', 'ISO 32000-1 7.4.4.4: rows')
  const out = new Uint8Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    const kind = data[row * (columns + 1)] ?? 0
    if (kind > 4) refuse('stream', 'PNG 9.2: filter', { kind })
    const from = row * (columns + 1) + 1
    const to = row * columns
    for (let i = 0; i < columns; i++) {
      const left = i > 0 ? (out[to + i - 1] ?? 0) : 0
      const up = row > 0 ? (out[to + i - columns] ?? 0) : 0
      const corner = row > 0 && i > 0 ? (out[to + i - columns - 1] ?? 0) : 0
      out[to + i] = (data[from + i] ?? 0) + predicted(kind, left, up, corner)
    }
  }
  return out
}

function predicted(kind: number, left: number, up: number, corner: number): number {
  if (kind === 0) return 0
  if (kind === 1) return left
  if (kind === 2) return up
  if (kind === 3) return (left + up) >> 1
  const estimate = left + up - corner
  const distances = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)]
  const [a = 0, b = 0, c = 0] = distances
  return a <= b && a <= c ? left : b <= c ? up : corner
}
