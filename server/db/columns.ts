/**
 * The tables as Kysely sees them, on SQLite and PostgreSQL alike. Columns are snake_case as in the database.
 * `Time`: UTC in ms since 1970. `Flag`: 0 or 1 (SQLite binds no booleans). `JsonText`: canonical or plain JSON as text,
 * parsed by whoever reads it. `Blob`: bytes. `version` starts at 1, goes up by one with each change and is the ETag.
 */
export type Time = number
export type Flag = 0 | 1
export type JsonText = string
export type Blob = Uint8Array
