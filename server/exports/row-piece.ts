import type { ErasureMarks } from '../../shared/audit/marks.ts'

/**
 * Rows as they pass from the thread that reads and renders to the one that keeps, many in a piece of shared memory: for
 * each some numbers, then its bytes, at a place that eight divides.
 */
export type LineKind = 'disclosed' | 'header' | 'hidden'
export interface PieceRow {
  readonly kind: LineKind
  readonly sequence: number
  /** Of the payload, as the entry has it. */
  readonly digest: Uint8Array
  readonly signature: Uint8Array
  readonly body: Uint8Array
  readonly salt: Uint8Array
  /** Null where it was erased. */
  readonly payload: Uint8Array | null
  readonly erased: ErasureMarks | null
  /** The audit path, for the completeness that proves by it. */
  readonly path: readonly Uint8Array[] | null
}

const KINDS: readonly LineKind[] = ['disclosed', 'header', 'hidden']
const HASH_BYTES = 32
const NUMBERS = 9
const HEAD_BYTES = NUMBERS * 8
const ABSENT = -1
const EIGHT = 8

const marksOf = (erased: ErasureMarks | null): Buffer | null =>
  erased && Buffer.from(JSON.stringify([erased.at, erased.by, erased.rule]), 'utf8')

const rounded = (bytes: number): number => Math.ceil(bytes / EIGHT) * EIGHT
/** Places of the numbers of a row. */
const [KIND, SEQUENCE, DIGEST, SIGNATURE, BODY, SALT, PAYLOAD, MARKS, PATH] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const

/** Room a row takes at most. */
export const roomOf = ({ digest, signature, body, salt, payload, erased, path }: PieceRow): number =>
  HEAD_BYTES +
  rounded(
    digest.length +
      signature.length +
      body.length +
      salt.length +
      (payload?.length ?? 0) +
      (marksOf(erased)?.length ?? 0) +
      (path?.length ?? 0) * HASH_BYTES,
  )

/** A piece of shared memory, as bytes and as numbers. */
export class RowPiece {
  readonly bytes: Uint8Array
  readonly #numbers: Float64Array
  #used = 0

  /** `room`: a multiple of eight. */
  constructor(room: number) {
    const memory = new SharedArrayBuffer(room)
    this.bytes = new Uint8Array(memory)
    this.#numbers = new Float64Array(memory)
  }

  get used(): number {
    return this.#used
  }

  clear(): void {
    this.#used = 0
  }

  /** False where it has no room for it. */
  put(row: PieceRow): boolean {
    const { digest, signature, body, salt, payload, path } = row
    if (roomOf(row) > this.bytes.length - this.#used) return false
    const marks = marksOf(row.erased)
    const numbers = this.#numbers
    const head = this.#used / EIGHT
    numbers[head + KIND] = KINDS.indexOf(row.kind)
    numbers[head + SEQUENCE] = row.sequence
    numbers[head + DIGEST] = digest.length
    numbers[head + SIGNATURE] = signature.length
    numbers[head + BODY] = body.length
    numbers[head + SALT] = salt.length
    numbers[head + PAYLOAD] = payload?.length ?? ABSENT
    numbers[head + MARKS] = marks?.length ?? ABSENT
    numbers[head + PATH] = path?.length ?? ABSENT
    let at = this.#used + HEAD_BYTES
    const copy = (part: Uint8Array): void => {
      this.bytes.set(part, at)
      at += part.length
    }
    copy(digest)
    copy(signature)
    copy(body)
    copy(salt)
    if (payload) copy(payload)
    if (marks) copy(marks)
    for (const hash of path ?? []) copy(hash)
    this.#used = rounded(at)
    return true
  }
}

const readMarks = (bytes: Uint8Array): ErasureMarks => {
  const [at, by, rule] = JSON.parse(Buffer.from(bytes).toString('utf8')) as [number, string, string]
  return { at, by, rule }
}

/** The rows of a piece in order; they hold its memory, not copies. */
export function* rowsIn(piece: Uint8Array): Generator<PieceRow> {
  const { buffer, byteOffset, length } = piece
  const whole = Buffer.from(buffer as ArrayBuffer, byteOffset, length)
  for (let start = 0; start < length;) {
    const numbers = new Float64Array(buffer, byteOffset + start, NUMBERS)
    let at = start + HEAD_BYTES
    const next = (bytes: number): Uint8Array => {
      const from = at
      at += bytes
      return whole.subarray(from, at)
    }
    const part = (place: number): Uint8Array => next(numbers[place] ?? 0)
    const optional = (place: number): Uint8Array | null => {
      const bytes = numbers[place] ?? ABSENT
      return bytes === ABSENT ? null : next(bytes)
    }
    const kind = KINDS[numbers[KIND] ?? 0] ?? 'disclosed'
    const sequence = numbers[SEQUENCE] ?? 0
    const [digest, signature, body, salt] = [part(DIGEST), part(SIGNATURE), part(BODY), part(SALT)]
    const payload = optional(PAYLOAD)
    const marks = optional(MARKS)
    const hashes = numbers[PATH] ?? ABSENT
    const path = hashes === ABSENT ? null : Array.from({ length: hashes }, () => next(HASH_BYTES))
    yield { kind, sequence, digest, signature, body, salt, payload, erased: marks && readMarks(marks), path }
    start = rounded(at)
  }
}
