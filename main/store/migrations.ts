/** Each statement list brings the store from its index to the next version (`PRAGMA user_version`). Append only. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE draft (name TEXT PRIMARY KEY, value BLOB NOT NULL, changed_at INTEGER NOT NULL) STRICT;
   CREATE TABLE key_in_progress (
     enrolment TEXT NOT NULL, slot TEXT NOT NULL, card_serial TEXT NOT NULL, spki BLOB NOT NULL, csr BLOB,
     PRIMARY KEY (enrolment, slot)) STRICT;
   CREATE TABLE pin_change (
     enrolment TEXT NOT NULL, card_serial TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('replacing','replaced')),
     PRIMARY KEY (enrolment, card_serial)) STRICT;
   CREATE TABLE signed_record (enrolment TEXT PRIMARY KEY, sha256 TEXT NOT NULL) STRICT;
   CREATE TABLE outbox (
     id INTEGER PRIMARY KEY AUTOINCREMENT, operator TEXT NOT NULL, call TEXT NOT NULL, input BLOB NOT NULL,
     created_at INTEGER NOT NULL) STRICT;
   CREATE TABLE checkpoint (
     chain TEXT PRIMARY KEY, size INTEGER NOT NULL, note BLOB NOT NULL, seen_at INTEGER NOT NULL) STRICT;`,
  // `checkpoint.note` holds origin and note, encrypted: nobody had written to it before this version.
  `ALTER TABLE checkpoint ADD COLUMN first_seen_at INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE checkpoint ADD COLUMN cosigned_at INTEGER;
   CREATE TABLE witness_key (one INTEGER PRIMARY KEY CHECK (one = 1), sealed BLOB NOT NULL) STRICT;
   CREATE TABLE contradiction (
     id TEXT PRIMARY KEY, chain TEXT NOT NULL, kind TEXT NOT NULL, kept TEXT, seen TEXT, kept_size INTEGER,
     seen_size INTEGER, found_at INTEGER NOT NULL, reported_at INTEGER) STRICT;
   CREATE TABLE witness_loss (chain TEXT PRIMARY KEY, why TEXT NOT NULL, at INTEGER NOT NULL) STRICT;`,
  `ALTER TABLE contradiction ADD COLUMN explained_at INTEGER;`,
  `CREATE TABLE explained_doubt (id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;`,
]
