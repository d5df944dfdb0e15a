import type { Kysely } from 'kysely'
import { PAYLOAD_OBJECT } from '../../../shared/audit/marks.ts'
import type { AuditDb } from '../schema.ts'
import { selectEntries } from './audit-entries.ts'
import type { JoinedNumbers, JoinedRow } from './audit-entry-row.ts'
import { toJoinedRows } from './audit-search.ts'
import { findWords } from './audit-words.ts'

/** Tombstones of a chain after an entry, of one moment: an erased payload's marks say which. Found by their time. */
export const listTombstonesOf = async (
  db: Kysely<AuditDb>,
  chain: string,
  after: number,
  at: number,
): Promise<readonly JoinedRow[]> => {
  const type = (await findWords(db, [PAYLOAD_OBJECT])).get(PAYLOAD_OBJECT)
  if (type === undefined) return []
  const rows = await selectEntries(db)
    .where('entry.at', '=', at)
    .where('entry.chain', '=', chain)
    .where('entry.sequence', '>', after)
    .where('entry.object_type', '=', type)
    .orderBy('entry.sequence')
    .execute()
  return toJoinedRows(db, rows as readonly JoinedNumbers[])
}
