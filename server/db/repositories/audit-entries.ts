import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { AppError } from '../../../shared/contract/errors.ts'
import type { StoredEntry, StoredPayload } from '../../../shared/audit/stored.ts'
import { fullTextValue } from '../full-text.ts'
import type { DialectName } from '../migrations/index.ts'
import type { AuditDb } from '../schema.ts'
import { toEntryRow, toPayloadRow, toStoredEntry, toStoredPayload } from './audit-entry-row.ts'
import type { NewEntry } from './audit-entry-row.ts'

type Reader = Kysely<AuditDb>

/** Rows in one INSERT: below the 32,766 values SQLite binds and the 65,535 of PostgreSQL. */
const CHUNK = 200

const chunks = <T>(items: readonly T[]): readonly (readonly T[])[] => {
  const made: (readonly T[])[] = []
  for (let from = 0; from < items.length; from += CHUNK) made.push(items.slice(from, from + CHUNK))
  return made
}

/** Stores entries, payloads and search words; inside the caller's transaction. Throws REQUEST_CONFLICT on a fork. */
export const insertEntries = async (trx: Reader, entries: readonly NewEntry[], dialect: DialectName): Promise<void> => {
  for (const chunk of chunks(entries)) {
    const made = await trx.insertInto('entry').values(chunk.map(toEntryRow)).returning(['id', 'sequence']).execute()
    // RETURNING promises no order: rows are told apart by sequence.
    const ids = new Map(made.map((row) => [row.sequence, row.id]))
    await trx.insertInto('payload').values(chunk.map(toPayloadRow)).execute()
    const words = chunk.map((item) => {
      const rowid = ids.get(item.entry.sequence)
      if (rowid === undefined) throw new AppError('INTERNAL', { reason: 'entry-not-stored' })
      return { rowid, words: fullTextValue(item.words, dialect) }
    })
    await trx.insertInto('entry_search').values(words).execute()
  }
}

/** Which of these intents are entries already. */
export const findKnownIntents = async (db: Reader, ids: readonly string[]): Promise<ReadonlySet<string>> => {
  const known = new Set<string>()
  for (const chunk of chunks(ids)) {
    const rows = await db.selectFrom('entry').select('intent_id').where('intent_id', 'in', chunk).execute()
    for (const row of rows) known.add(row.intent_id)
  }
  return known
}

/** Entries joined with their payloads; the base of every read. */
export const selectEntries = (db: Reader) =>
  db
    .selectFrom('entry')
    .leftJoin('payload', (join) =>
      join.onRef('payload.chain', '=', 'entry.chain').onRef('payload.sequence', '=', 'entry.sequence'),
    )
    .selectAll('entry')
    .select([
      'payload.salt',
      'payload.bytes as payload_bytes',
      'payload.erased_at',
      'payload.erased_by',
      'payload.erased_rule',
    ])

/** Payloads by sequence, as many as are stored for each: a join would double entries and hide which of the two is. */
const readPayloads = async (db: Reader, chain: string, from: number, to: number) => {
  const rows = await db
    .selectFrom('payload')
    .selectAll()
    .where('chain', '=', chain)
    .where('sequence', '>=', from)
    .where('sequence', '<=', to)
    .execute()
  const found = new Map<number, StoredPayload[]>()
  for (const row of rows) found.set(row.sequence, [...(found.get(row.sequence) ?? []), toStoredPayload(row)])
  return found
}

/** One chain in batches by (sequence, row), from a sequence on; each batch a keyset query of its own. */
export const streamEntries = (db: Reader, chain: string, batch = 500) =>
  async function* (from: number): AsyncGenerator<readonly StoredEntry[]> {
    let [sequence, id] = [from, -1]
    for (;;) {
      const rows = await db
        .selectFrom('entry')
        .selectAll()
        .where('chain', '=', chain)
        .where(sql<boolean>`(sequence, id) > (${sequence}, ${id})`)
        .orderBy('sequence')
        .orderBy('id')
        .limit(batch)
        .execute()
      const [first, last] = [rows[0], rows.at(-1)]
      if (!first || !last) return
      const payloads = await readPayloads(db, chain, first.sequence, last.sequence)
      yield rows.map((row) => toStoredEntry(row, payloads.get(row.sequence) ?? []))
      ;[sequence, id] = [last.sequence, last.id]
    }
  }
