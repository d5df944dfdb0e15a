import { CompiledQuery, sql } from 'kysely'
import type { Expression, Kysely } from 'kysely'
import type { DialectName } from '../migrations/index.ts'
import type { AuditDb, OperationalDb } from '../schema.ts'

/** Takes entries out of the full text, named by their row numbers. */
export const fullTextDeleteWords = async (
  trx: Kysely<AuditDb>,
  dialect: DialectName,
  rows: Expression<{ id: number }> & { execute(): Promise<readonly { id: number }[]> },
): Promise<void> => {
  if (dialect === 'postgres') {
    await sql`delete from entry_search where rowid in ${rows}`.execute(trx)
    return
  }
  // FTS5 looks each number up by itself; given as a subquery it would walk its whole index.
  for (const { id } of await rows.execute()) await sql`delete from entry_search where rowid = ${id}`.execute(trx)
}

type AnyDb = Kysely<AuditDb> | Kysely<OperationalDb>

const MERGE_PAGES = 200
const SCRUB_BYTES = 256 * 1024

const pragma = async (db: AnyDb, text: string): Promise<number> => {
  const { rows } = await db.executeQuery<Record<string, number>>(CompiledQuery.raw(`pragma ${text}`))
  return Object.values(rows[0] ?? { none: 0 })[0] ?? 0
}

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** FTS5 keeps the words of what was deleted until its segments are merged: merges them, a few pages at a time. */
const mergeFullText = async (db: Kysely<AuditDb>): Promise<void> => {
  const changes = async (): Promise<number> => {
    const { rows } = await sql<{ n: number }>`select total_changes() as n`.execute(db)
    return rows[0]?.n ?? 0
  }
  let pages = -MERGE_PAGES
  for (;;) {
    const before = await changes()
    await sql`insert into entry_search (entry_search, rank) values ('merge', ${sql.lit(pages)})`.execute(db)
    // Documented by FTS5: a difference below 2 means that nothing was left to merge.
    if ((await changes()) - before < 2) return
    pages = MERGE_PAGES
    await pause()
  }
}

/**
 * Writes zeroes over the pages the database gave up, by using each of them once, in small transactions: between them
 * others write. Needs `secure_delete`, which zeroes what is deleted inside a page.
 */
const scrubFreePages = async (db: AnyDb): Promise<void> => {
  const free = await pragma(db, 'freelist_count')
  if (free === 0) return
  const pageSize = await pragma(db, 'page_size')
  const untyped = db as unknown as Kysely<unknown>
  await sql`create table if not exists scrub (zeroes blob not null)`.execute(untyped)
  const rows = Math.ceil((free * pageSize) / SCRUB_BYTES) + 1
  for (let row = 0; row < rows; row += 1) {
    await sql`insert into scrub (zeroes) values (zeroblob(${SCRUB_BYTES}))`.execute(untyped)
    await pause()
  }
  await sql`drop table scrub`.execute(untyped)
}

/**
 * Makes what was erased unreadable in the files of a SQLite database: words, free pages, write-ahead log. False where
 * a reader still needs the log: call again later. `hasWords`: the audit database with its full text.
 */
export const scrubSqlite = async (db: AnyDb, hasWords: boolean): Promise<boolean> => {
  if (hasWords) await mergeFullText(db as Kysely<AuditDb>)
  await scrubFreePages(db)
  return (await pragma(db, 'wal_checkpoint(truncate)')) === 0
}

/** The PostgreSQL twin: dead rows are given up now. The connection must own the tables. */
export const scrubPostgres = async (db: Kysely<AuditDb>): Promise<void> => {
  await sql`vacuum payload`.execute(db)
  await sql`vacuum entry_search`.execute(db)
}
