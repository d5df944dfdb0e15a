import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { DialectName, Migration } from './columns.ts'

/** First and last sequence of a tombstone's object id, `sequence` or `from-to`; no other id is read as a number. */
const covers = (dialect: DialectName): RawBuilder<unknown> =>
  dialect === 'sqlite'
    ? sql`payload.sequence between cast(entry.object_id as integer)
        and cast(substr(entry.object_id, instr(entry.object_id, '-') + 1) as integer)`
    : sql`case when entry.object_id ~ '^[0-9]{1,16}(-[0-9]{1,16})?$' then payload.sequence
        between split_part(entry.object_id, '-', 1)::bigint
        and coalesce(nullif(split_part(entry.object_id, '-', 2), ''), split_part(entry.object_id, '-', 1))::bigint
        else false end`

/**
 * An erased payload has the time of its tombstone. Those erased before have the time of the erasing, a moment later:
 * they get that of the last tombstone before it which covers them, and no salt.
 */
export const timesOfErasures: Migration = {
  id: '0008-times-of-erasures',
  statements: (db, dialect) => {
    const tombstoneAt = sql`select max(entry.at) from entry
      where entry.object_type in (select word.id from word where word.text = 'audit-payload')
      and entry.chain = payload.chain and entry.sequence > payload.sequence
      and entry.at <= payload.erased_at and ${covers(dialect)}`
    const none = dialect === 'sqlite' ? sql`x''` : sql`''::bytea`
    const statement = sql`update payload set salt = ${none}, erased_at = coalesce((${tombstoneAt}), erased_at)
      where bytes is null and erased_at is not null`
    return [{ compile: () => statement.compile(db) }]
  },
}
