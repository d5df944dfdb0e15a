import { sql } from 'kysely'
import type { Compilable, RawBuilder } from 'kysely'
import { columnTypes, counter, index } from './columns.ts'
import type { DialectName, Migration, Untyped } from './columns.ts'

/** Texts that come again and again: kept once in `word`, meant by number in `entry`. */
const WORDS = [
  'key_id',
  'tenant',
  'division',
  'office',
  'operator_id',
  'operator_role',
  'station',
  'action',
  'object_type',
] as const

const FILTERED = ['office', 'operator_id', 'station', 'action', 'object_type'] as const
/** Enough of a signature that no two are ever taken for one; its end, since all ECDSA signatures begin alike. */
const PREVIOUS_BYTES = 16

const smallerEntry = (db: Untyped, dialect: DialectName): Compilable => {
  const types = columnTypes(dialect)
  return db.schema
    .createTable('entry_new')
    .addColumn('id', counter(dialect), (column) => column.primaryKey())
    .addColumn('chain', types.text, (column) => column.notNull())
    .addColumn('sequence', types.number, (column) => column.notNull())
    .addColumn('at', types.time, (column) => column.notNull())
    .addColumn('tenant', types.number, (column) => column.notNull())
    .addColumn('division', types.number)
    .addColumn('office', types.number)
    .addColumn('operator_id', types.number)
    .addColumn('operator_role', types.number)
    .addColumn('station', types.number)
    .addColumn('action', types.number, (column) => column.notNull())
    .addColumn('object_type', types.number, (column) => column.notNull())
    .addColumn('key_id', types.number, (column) => column.notNull())
    .addColumn('object_id', types.text, (column) => column.notNull())
    .addColumn('correlation_id', types.text, (column) => column.notNull())
    .addColumn('intent_id', types.text, (column) => column.notNull())
    .addColumn('previous_signature', types.blob, (column) => column.notNull())
    .addColumn('signature', types.blob, (column) => column.notNull())
    .addColumn('bytes', types.blob, (column) => column.notNull())
}

const wordOf = (column: string): RawBuilder<unknown> =>
  sql`(select word.id from word where word.text = entry.${sql.ref(column)})`

const COPIED = ['id', 'chain', 'sequence', 'at', 'object_id', 'correlation_id', 'intent_id', 'signature', 'bytes']

const copied = (dialect: DialectName): RawBuilder<unknown> => {
  const end =
    dialect === 'sqlite'
      ? sql`substr(previous_signature, -${sql.lit(PREVIOUS_BYTES)})`
      : sql`substring(previous_signature from greatest(1, length(previous_signature) - ${sql.lit(PREVIOUS_BYTES - 1)}))`
  const into = sql.join([...COPIED, 'previous_signature', ...WORDS].map((column) => sql.id(column)))
  const from = sql.join([...COPIED.map((column) => sql.ref(`entry.${column}`)), end, ...WORDS.map(wordOf)])
  return sql`insert into entry_new (${into}) select ${from} from entry order by entry.id`
}

/** SQLite's indexes end with the row's number by themselves; PostgreSQL's must name it to give the order of a list. */
const listed = (db: Untyped, dialect: DialectName, columns: readonly string[]): Compilable =>
  db.schema
    .createIndex(`entry_${columns.join('_')}_id_index`)
    .on('entry')
    .columns([...columns, ...(dialect === 'sqlite' ? [] : ['id'])])

/**
 * Entries in half the room: what comes again is a number, the signature before is kept by its last 16 bytes (the whole
 * of it is in the signed bytes), and indexes hold no more than they are asked for. Full text is filled behind the
 * chain: `search_position` says up to which entry.
 */
const statements = (db: Untyped, dialect: DialectName): readonly Compilable[] => {
  const types = columnTypes(dialect)
  const made = (statement: RawBuilder<unknown>): Compilable => ({ compile: () => statement.compile(db) })
  const texts = sql.join(
    WORDS.map((column) => sql`select ${sql.ref(column)} as text from entry where ${sql.ref(column)} is not null`),
    sql` union `,
  )
  return [
    db.schema
      .createTable('word')
      .addColumn('id', counter(dialect), (column) => column.primaryKey())
      .addColumn('text', types.text, (column) => column.notNull()),
    index(db, 'word', ['text'], true),
    made(sql`insert into word (text) select text from (${texts}) as texts order by text`),
    smallerEntry(db, dialect),
    made(copied(dialect)),
    db.schema.dropTable('entry'),
    db.schema.alterTable('entry_new').renameTo('entry'),
    ...(dialect === 'postgres'
      ? [
          made(sql`alter index entry_new_pkey rename to entry_pkey`),
          made(sql`select setval(pg_get_serial_sequence('entry', 'id'), (select coalesce(max(id), 0) + 1 from entry))`),
        ]
      : []),
    index(db, 'entry', ['chain', 'sequence'], true),
    index(db, 'entry', ['chain', 'previous_signature'], true),
    index(db, 'entry', ['intent_id'], true),
    index(db, 'entry', ['correlation_id']),
    listed(db, dialect, ['at']),
    listed(db, dialect, ['object_id', 'at']),
    listed(db, dialect, ['tenant', 'at']),
    ...FILTERED.map((column) => listed(db, dialect, ['tenant', column, 'at'])),
    db.schema
      .createTable('search_position')
      .addColumn('chain', types.text, (column) => column.primaryKey().notNull())
      .addColumn('sequence', types.number, (column) => column.notNull()),
    made(sql`insert into search_position (chain, sequence) select chain, head_sequence from chain`),
  ]
}

export const smallerEntries: Migration = { id: '0003-smaller-entries', statements }
