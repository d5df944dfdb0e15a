import { AppError } from '../../../shared/contract/errors.ts'
import type { ErrorCode } from '../../../shared/contract/errors.ts'

const SQLITE: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY|ROWID)$/, 'REQUEST_CONFLICT', 'unique'],
  [/^SQLITE_CONSTRAINT_TRIGGER$/, 'REQUEST_CONFLICT', 'order'],
  [/^SQLITE_CONSTRAINT_FOREIGNKEY$/, 'REQUEST_CONFLICT', 'reference'],
  [/^SQLITE_(BUSY|LOCKED)/, 'DATABASE_BUSY', 'busy'],
  [/^SQLITE_(IOERR|CANTOPEN|FULL|CORRUPT|NOTADB|READONLY|PERM|AUTH|PROTOCOL)/, 'DATABASE_UNAVAILABLE', 'storage'],
]

/** SQLSTATE, PostgreSQL appendix A, and the errors of the socket below it. */
const POSTGRES: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/^23505$/, 'REQUEST_CONFLICT', 'unique'],
  [/^23503$/, 'REQUEST_CONFLICT', 'reference'],
  [/^(40001|40P01|55P03|57014)$/, 'DATABASE_BUSY', 'busy'],
  // A NUL in a text that came from outside (22021, 22P05): refused as what it is.
  [/^(22021|22P05)$/, 'REQUEST_INVALID', 'text'],
  [/^(08|28|3D|53|57P|58|XX)/, 'DATABASE_UNAVAILABLE', 'storage'],
  [/^(ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_|EHOST|ENET)/, 'DATABASE_UNAVAILABLE', 'connection'],
]

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

const isClosed = (error: unknown): boolean =>
  error instanceof Error &&
  /connection is not open|Cannot use a pool after|Connection terminated|Client has encountered/.test(error.message)

const translate = (error: unknown, table: typeof SQLITE): unknown => {
  if (error instanceof AppError) return error
  const code = codeOf(error)
  const hit = table.find(([pattern]) => pattern.test(code))
  // The message of a foreign error may quote values: it stays in `cause`, logged inside, never sent.
  if (hit) return new AppError(hit[1], { reason: hit[2] }, { cause: error })
  if (isClosed(error)) return new AppError('DATABASE_UNAVAILABLE', { reason: 'closed' }, { cause: error })
  return error
}

/** The one AppError a SQLite error stands for; errors of programming (SQL, check constraints) pass unchanged. */
export const translateSqliteError = (error: unknown): unknown => translate(error, SQLITE)

/** The same for PostgreSQL. */
export const translatePostgresError = (error: unknown): unknown => translate(error, POSTGRES)
