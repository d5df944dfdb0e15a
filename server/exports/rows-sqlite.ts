import Database from 'better-sqlite3'
import type { DatabaseLocation } from '../db/open.ts'
import type { RowReader, StoredRow } from './stored-row.ts'

/** All that is bytes comes in one piece with the lengths of its parts: it is the number of pieces that costs. */
const COLUMNS = `select e.id, e.sequence, length(e.signature), length(e.bytes), length(p.salt), length(p.bytes),
 cast(e.signature || e.bytes || coalesce(p.salt, x'') || coalesce(p.bytes, x'') as blob),
 p.erased_at, p.erased_by, p.erased_rule
 from entry as e left join payload as p on p.chain = e.chain and p.sequence = e.sequence`

type Value = number | string | Uint8Array | null
const BATCH = 256
const NOTHING = new Uint8Array(0)

const rowOf = (values: readonly Value[]): StoredRow => {
  const all = values[6] instanceof Uint8Array ? values[6] : NOTHING
  const signed = Number(values[2])
  const body = signed + Number(values[3])
  const salted = body + Number(values[4] ?? 0)
  const bytes = values[5] === null ? null : all.subarray(salted)
  const marks = {
    erasedAt: values[7] as number | null,
    erasedBy: values[8] as string | null,
    erasedRule: values[9] as string | null,
  }
  return {
    id: values[0] as number,
    sequence: values[1] as number,
    signature: all.subarray(0, signed),
    bytes: all.subarray(signed, body),
    payloads: values[4] === null ? [] : [{ salt: all.subarray(body, salted), bytes, ...marks }],
  }
}

/** Straight from the file, past everything else: an export reads every row it holds, in a thread that stays small. */
export const openSqliteRows = (location: DatabaseLocation & { dialect: 'sqlite' }): RowReader => {
  const timeout = location.busyTimeoutMs ?? 2000
  const database = new Database(location.file, { fileMustExist: true, readonly: true, timeout })
  // Read once from the beginning to the end: pages kept would only take room.
  database.pragma('cache_size = -2000')
  const ranged = database
    .prepare<[string, number, number], Value[]>(
      `${COLUMNS} where e.chain = ? and e.sequence >= ? and e.sequence < ? order by e.sequence, e.id`,
    )
    .raw()
  const picked = database
    .prepare<[string], Value[]>(`${COLUMNS} where e.id in (select value from json_each(?)) order by e.id`)
    .raw()
  return {
    *range(chain, from, to) {
      for (let start = from; start < to; start += BATCH)
        yield ranged.all(chain, start, Math.min(to, start + BATCH)).map(rowOf)
    },
    *byIds(ids) {
      for (let start = 0; start < ids.length; start += BATCH)
        yield picked.all(JSON.stringify([...ids.subarray(start, start + BATCH)])).map(rowOf)
    },
    close: () => {
      database.close()
      return Promise.resolve()
    },
  }
}
