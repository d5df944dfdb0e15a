import Database from 'better-sqlite3'
import type { SegmentRow, SegmentSource } from '../../shared/audit/segment.ts'
import type { StoredPayload } from '../../shared/audit/stored.ts'
import type { DatabaseLocation } from '../db/open.ts'
import { NO_WORD, isShortSignature } from '../db/repositories/audit-row-form.ts'

/**
 * Entries and payloads of a stretch, one row for each pair, as plain values in this order. All that is bytes comes in one
 * piece with the lengths of its parts: it is the number of pieces that costs. Which of them are blobs is told by a number
 * (`WHOLE`, `ERASED`); what should be one and is not makes the row none.
 */
const ROWS = `select e.sequence, e.at, e.key_id, e.tenant, e.division, e.office, e.operator_id, e.operator_role,
 e.station, e.action, e.object_type, e.object_id, e.correlation_id, e.intent_id, length(e.previous_signature),
 length(e.signature), length(e.bytes), length(p.salt), length(p.bytes),
 (typeof(e.previous_signature) = 'blob') + (typeof(e.signature) = 'blob') + (typeof(e.bytes) = 'blob') +
 (typeof(p.salt) = 'blob') + 8 * (typeof(p.bytes) = 'blob') + 16 * (typeof(p.bytes) = 'null'),
 cast(e.previous_signature || e.signature || e.bytes || coalesce(p.salt, x'') || coalesce(p.bytes, x'') as blob),
 p.erased_at, p.erased_by, p.erased_rule
 from entry as e left join payload as p on p.chain = e.chain and p.sequence = e.sequence
 where e.chain = ? and e.sequence >= ? and e.sequence < ? order by e.sequence, e.id`

type Value = number | string | Uint8Array | null
const BATCH = 128
/** Words that are kept in memory; of more than so many each is looked up. */
const KNOWN_MAX = 50_000

/** Texts of the numbers that entries hold; the first row of a text counts, as everywhere. */
class Words {
  readonly #read: Database.Statement<[Value], { text: string }>
  /** By their numbers, which count up from 1. */
  readonly #known: string[] = []

  constructor(database: Database.Database) {
    this.#read = database.prepare(
      'select text from word where id = ? and id = (select min(other.id) from word as other where other.text = word.text)',
    )
  }

  text(number: Value | undefined): string {
    if (typeof number !== 'number') return NO_WORD
    const known = this.#known[number]
    if (known !== undefined) return known
    const text = this.#read.get(number)?.text ?? NO_WORD
    if (Number.isInteger(number) && number >= 0 && number < KNOWN_MAX) this.#known[number] = text
    return text
  }

  optional(number: Value | undefined): string | null {
    return number === null ? null : this.text(number)
  }
}

/** All four that are always there are bytes, and the payload is bytes, or nothing. */
const WHOLE = 4 + 8
const ERASED = 4 + 16
const NOTHING = new Uint8Array(0)

interface Parts {
  readonly previousCopy: Uint8Array
  readonly signature: Uint8Array
  readonly bytes: Uint8Array
  readonly payloads: readonly StoredPayload[]
}
/** No entry has such parts: the walk in order looks at the row itself. */
const NO_PARTS: Parts = { previousCopy: NOTHING, signature: NOTHING, bytes: NOTHING, payloads: [] }

const partsOf = (values: readonly Value[]): Parts => {
  const types = values[19]
  const all = values[20]
  if ((types !== WHOLE && types !== ERASED) || !(all instanceof Uint8Array)) return NO_PARTS
  // Plain arrays over the same memory: a part of a buffer made as a buffer costs several times as much.
  let from = all.byteOffset
  const next = (length: Value | undefined): Uint8Array => {
    const part = new Uint8Array(all.buffer, from, Number(length))
    from += part.length
    return part
  }
  const previousCopy = next(values[14])
  const signature = next(values[15])
  const bytes = next(values[16])
  const salt = next(values[17])
  const payload = types === WHOLE ? next(values[18]) : null
  if (from !== all.byteOffset + all.length) return NO_PARTS
  const [erasedAt, erasedBy, erasedRule] = [values[21], values[22], values[23]]
  const stored = { salt, bytes: payload, erasedAt, erasedBy, erasedRule } as unknown as StoredPayload
  return { previousCopy, signature, bytes, payloads: [stored] }
}

/** What the columns hold is taken as it is: a value of another type is never equal to what was signed. */
const rowOf = (chain: string, values: readonly Value[], words: Words): SegmentRow => {
  const { previousCopy, signature, bytes, payloads } = partsOf(values)
  return {
    chain,
    sequence: values[0],
    at: values[1],
    keyId: words.text(values[2]),
    tenant: words.text(values[3]),
    division: words.optional(values[4]),
    office: words.optional(values[5]),
    operatorId: words.optional(values[6]),
    operatorRole: words.optional(values[7]),
    station: words.optional(values[8]),
    action: words.text(values[9]),
    objectType: words.text(values[10]),
    objectId: values[11],
    correlationId: values[12],
    intentId: values[13],
    previousCopy,
    signature,
    bytes,
    payloads,
  } as unknown as SegmentRow
}

/** Each when it is its turn, so that none is there longer than it is looked at. */
function* rowsOf(chain: string, rows: readonly (readonly Value[])[], words: Words): Generator<SegmentRow> {
  for (const values of rows) yield rowOf(chain, values, words)
}

/** Reads segments of one chain; for one thread. */
export interface SegmentReader extends SegmentSource {
  close(): Promise<void>
}

/** Straight from the file, past everything else: a verification reads every row there is, in threads that stay small. */
export const readSqliteSegments = (
  location: DatabaseLocation & { dialect: 'sqlite' },
  chain: string,
): SegmentReader => {
  const timeout = location.busyTimeoutMs ?? 2000
  const database = new Database(location.file, { fileMustExist: true, readonly: true, timeout })
  // Read once from the beginning to the end: pages kept would only take room.
  database.pragma('cache_size = -1000')
  const read = database.prepare<[string, number, number], Value[]>(ROWS).raw()
  const words = new Words(database)
  return {
    isCopyOf: isShortSignature,
    *rows(from, to) {
      for (let start = from; start < to; start += BATCH) {
        const rows = read.all(chain, start, Math.min(to, start + BATCH))
        yield rowsOf(chain, rows, words)
      }
    },
    close: () => {
      database.close()
      return Promise.resolve()
    },
  }
}
