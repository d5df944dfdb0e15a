/** What of a file is to be sent; `to` excluded. */
export interface Range {
  readonly from: number
  readonly to: number
}

const HEADER_MAX = 100
const BYTES = /^bytes=(\d{0,16})-(\d{0,16})$/

/**
 * A `Range` header (RFC 9110 14.2) over `size` bytes. Null: send the whole, as for a unit or a form we do not know and
 * for several ranges, which would only make a client pay for what it can ask one by one. `unsatisfiable`: 416.
 */
export const parseRange = (header: string | undefined, size: number): Range | null | 'unsatisfiable' => {
  if (header === undefined || header.length > HEADER_MAX) return null
  const match = BYTES.exec(header.trim())
  if (!match) return null
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return null
  if (first === '') {
    const suffix = Number(last)
    return suffix === 0 || size === 0 ? 'unsatisfiable' : { from: Math.max(0, size - suffix), to: size }
  }
  const from = Number(first)
  if (last !== '' && Number(last) < from) return null
  if (from >= size) return 'unsatisfiable'
  return { from, to: last === '' ? size : Math.min(size, Number(last) + 1) }
}

/** RFC 9110 13.1.5: a range of another version than the client has is worth nothing; only a strong tag tells. */
export const isSameVersion = (ifRange: string | string[] | undefined, etag: string): boolean =>
  ifRange === undefined || ifRange === etag
