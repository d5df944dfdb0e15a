export * from './schema.ts'
export { newId } from './id.ts'
export { inSnapshot, inTransaction } from './transaction.ts'
export {
  createAuditDatabase,
  createOperationalDatabase,
  openAuditDatabase,
  openAuditBeside,
  openAuditReader,
  openDatabases,
  openDatabasesBeside,
} from './open.ts'
export type { DatabaseLocation, Databases, DatabasesConfig, Opened } from './open.ts'
export type { DialectName } from './migrations/index.ts'
export { page, parseCursor, encodeCursor, parseLimit, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from './repositories/page.ts'
export type { Page, PageOrder, PageRequest, Position } from './repositories/page.ts'
export { foldForSearch, fullTextMatch, fullTextQuery, fullTextValue } from './full-text.ts'
