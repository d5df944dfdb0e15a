import { sameBytes } from '../../shared/audit/bytes.ts'
import type { Opened } from '../db/open.ts'
import { streamEntries } from '../db/repositories/audit-entries.ts'
import type { AuditDb } from '../db/schema.ts'
import type { SegmentReader } from './verification-rows.ts'

/** Segments through the repositories, on any database. */
export const readSegments = (reader: Opened<AuditDb>, chain: string): SegmentReader => ({
  isCopyOf: sameBytes,
  async *rows(from, to) {
    for await (const batch of streamEntries(reader.db, chain)(from)) {
      yield batch
        .filter((row) => row.sequence < to)
        .map(({ previousSignature, ...row }) => ({ ...row, previousCopy: previousSignature }))
      if ((batch.at(-1)?.sequence ?? to) >= to) return
    }
  },
  close: () => reader.close(),
})
