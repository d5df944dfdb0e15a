import { sql } from 'kysely'
import type { Compilable, RawBuilder } from 'kysely'
import type { Migration } from './columns.ts'

/**
 * By the end of the signature before, as `previous_signature` keeps it; the chain's first entry has none before it.
 * `fail`, as nothing is written yet that `abort` would have to undo, and SQLite would get ready to for each entry.
 */
const follows = sql`create trigger entry_follows before insert on entry when new.sequence <> 0
  begin select raise(fail, 'entry does not follow') where not exists (select 1 from entry as last
  where last.chain = new.chain and last.sequence = new.sequence - 1
  and substr(last.signature, -16) = new.previous_signature); end`

const fixed = sql`create trigger entry_fixed before update of chain, sequence, previous_signature, signature on entry
  begin select raise(fail, 'entry is fixed'); end`

/**
 * The unique index of the signature before is random by nature: each entry touches a page of its own, which cost its
 * writer more than all other pages together. On SQLite it is filled behind the chain, as the indexes of lists are
 * (`listed`). What is refused at once is more than it would refuse: an entry that is not signed over the one before it,
 * whoever writes it. No two entries have a sequence, and none but a forger makes two with one signature.
 */
export const entriesFollow: Migration = {
  id: '0010-entries-follow',
  statements: (db, dialect) => {
    if (dialect !== 'sqlite') return []
    const made = (statement: RawBuilder<unknown>): Compilable => ({ compile: () => statement.compile(db) })
    const name = 'entry_chain_previous_signature_index'
    return [
      db.schema.dropIndex(name),
      db.schema
        .createIndex(name)
        .on('entry')
        .columns(['chain', 'previous_signature'])
        .unique()
        .where(sql<boolean>`listed = 1`),
      made(follows),
      made(fixed),
    ]
  },
}
