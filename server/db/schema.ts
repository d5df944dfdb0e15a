/** The tables as Kysely sees them, one file per database. */
export type * from './columns.ts'
export type * from './schema-audit.ts'
export type * from './schema-operational.ts'
