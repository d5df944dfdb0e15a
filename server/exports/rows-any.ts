import type { Opened } from '../db/open.ts'
import { selectEntries } from '../db/repositories/audit-entries.ts'
import type { JoinedNumbers } from '../db/repositories/audit-entry-row.ts'
import type { AuditDb } from '../db/schema.ts'
import type { RowReader, StoredRow } from './stored-row.ts'

const BATCH = 500

const rowOf = (row: JoinedNumbers): StoredRow => ({
  id: row.id,
  sequence: row.sequence,
  signature: row.signature,
  bytes: row.bytes,
  payloads:
    row.salt === null
      ? []
      : [
          {
            salt: row.salt,
            bytes: row.payload_bytes,
            erasedAt: row.erased_at,
            erasedBy: row.erased_by,
            erasedRule: row.erased_rule,
          },
        ],
})

/** Through the repositories, on any database; `reader` is closed with it. */
export const openRows = (reader: Opened<AuditDb>): RowReader => ({
  async *range(chain, from, to) {
    for (let start = from; start < to; start += BATCH) {
      const rows = (await selectEntries(reader.db)
        .where('entry.chain', '=', chain)
        .where('entry.sequence', '>=', start)
        .where('entry.sequence', '<', Math.min(to, start + BATCH))
        .orderBy('entry.sequence')
        .orderBy('entry.id')
        .execute()) as readonly JoinedNumbers[]
      yield rows.map(rowOf)
    }
  },
  async *byIds(ids) {
    for (let start = 0; start < ids.length; start += BATCH) {
      const some = [...ids.subarray(start, start + BATCH)]
      const query = selectEntries(reader.db).where('entry.id', 'in', some).orderBy('entry.id')
      yield ((await query.execute()) as readonly JoinedNumbers[]).map(rowOf)
    }
  },
  close: () => reader.close(),
})
