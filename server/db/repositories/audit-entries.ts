import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { AppError } from '../../../shared/contract/errors.ts'
import type { StoredEntry, StoredPayload } from '../../../shared/audit/stored.ts'
import type { DialectName } from '../migrations/index.ts'
import type { AuditDb } from '../schema.ts'
import {
  ENTRY_COLUMNS,
  PAYLOAD_COLUMNS,
  entryValues,
  numbersOf,
  payloadValues,
  toStoredEntry,
  toStoredPayload,
} from './audit-entry-row.ts'
import type { EntryValues, NewEntry } from './audit-entry-row.ts'
import { insertRows } from './audit-statements.ts'
import { ensureWords, knownNumbers, readWords } from './audit-words.ts'

type Reader = Kysely<AuditDb>

/** Values in one statement: below the 32,766 SQLite binds and the 65,535 of PostgreSQL. */
const CHUNK = 200

const chunks = <T>(items: readonly T[]): readonly (readonly T[])[] => {
  const made: (readonly T[])[] = []
  for (let from = 0; from < items.length; from += CHUNK) made.push(items.slice(from, from + CHUNK))
  return made
}

/** Entries and their rows, to be stored in one transaction. */
export interface ReadyEntries {
  readonly entries: readonly NewEntry[]
  readonly rows: readonly EntryValues[]
}

/** What is known of numbers may be forgotten once while they are made, not more often. */
const TRIES = 4

/** Makes the rows, and the numbers of texts that are new; before the transaction that stores them. */
export const readyEntries = async (db: Reader, entries: readonly NewEntry[]): Promise<ReadyEntries> => {
  let words = knownNumbers(db)
  for (let round = 0; round < TRIES; round += 1) {
    const missing = new Set<string>()
    const rows = entries.map((entry) => entryValues(entry, words, missing))
    if (missing.size === 0) return { entries, rows }
    words = await ensureWords(db, missing)
  }
  throw new AppError('INTERNAL', { reason: 'word-missing' })
}

/**
 * Stores entries and payloads; inside the caller's transaction. Throws REQUEST_CONFLICT on a fork, on SQLite also where
 * the entry before is not the one that was signed over. There they come into the indexes of lists later (`listNext`); on
 * PostgreSQL, whose server may change no entry, at once.
 */
export const insertEntries = async (trx: Reader, ready: ReadyEntries, dialect: DialectName): Promise<void> => {
  const fixed = { listed: dialect === 'sqlite' ? 0 : 1 }
  await insertRows(trx, { table: 'entry', columns: ENTRY_COLUMNS, valuesOf: (row) => row, fixed }, ready.rows)
  await insertRows(trx, { table: 'payload', columns: PAYLOAD_COLUMNS, valuesOf: payloadValues }, ready.entries)
}

/** SQLite's mark of an entry that cannot be listed: another has the signature before that it has. */
const UNLISTABLE = 2
const waiting = sql<boolean>`listed <> 1 and listed <> ${sql.lit(UNLISTABLE)}`

/** How far the indexes of lists are behind: rows from the oldest they will take in to the newest. Two look-ups. */
export const countBehind = async (db: Reader): Promise<number> => {
  const oldest = await db.selectFrom('entry').select('id').where(waiting).orderBy('id').limit(1).executeTakeFirst()
  if (!oldest) return 0
  const newest = await db.selectFrom('entry').select('id').orderBy('id', 'desc').limit(1).executeTakeFirstOrThrow()
  return newest.id - oldest.id + 1
}

/**
 * SQLite: takes the oldest entries that are in no index of lists into them, and into the unique index of the signature
 * before; gives how many it dealt with. Whoever sets the mark back has the entry found by walking, and taken in again.
 * One that someone put there over a signature that another is over is marked so: it is found by walking, is named by
 * verification, and stands in nobody's way.
 */
export const listNext = async (db: Reader, limit: number): Promise<number> => {
  const oldest = db.selectFrom('entry').select('id').where(waiting).orderBy('id').limit(limit)
  const asked = await oldest.execute()
  const last = asked.at(-1)
  if (!last) return 0
  const done = await sql`update or ignore entry set listed = 1 where id in (${oldest})`.execute(db)
  // Those of them that were refused are now the oldest that wait.
  if (Number(done.numAffectedRows) < asked.length)
    await sql`update entry set listed = ${UNLISTABLE} where id in (${oldest.where('id', '<=', last.id)})`.execute(db)
  return asked.length
}

/** SQLite: copies what was committed from the log into the database, as far as no reader needs it. */
export const copyLog = async (db: Reader): Promise<void> => {
  await sql`pragma wal_checkpoint(passive)`.execute(db)
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

/** When these intents say they happened, as their entries are stored; those that are no entry of the chain are left out. */
export const readTimesOf = async (
  db: Reader,
  chain: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> => {
  const times = new Map<string, number>()
  for (const chunk of chunks(ids)) {
    const query = db.selectFrom('entry').select(['intent_id', 'at']).where('chain', '=', chain)
    const rows = await query.where('intent_id', 'in', chunk).execute()
    for (const row of rows) times.set(row.intent_id, row.at)
  }
  return times
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
      const words = await readWords(db, rows.flatMap(numbersOf))
      yield rows.map((row) => toStoredEntry(row, words, payloads.get(row.sequence) ?? []))
      ;[sequence, id] = [last.sequence, last.id]
    }
  }
