import { sql } from 'kysely'
import type { SelectQueryBuilder } from 'kysely'
import { AppError } from '../../../shared/contract/errors.ts'

/** Where a list goes on: the order's values of the last row given. */
export interface Position {
  readonly at: number
  readonly id: string | number
}
/** One page; `next` is null on the last one. */
export interface Page<Row> {
  readonly items: readonly Row[]
  readonly next: string | null
}

export const PAGE_LIMIT_MAX = 200
export const PAGE_LIMIT_DEFAULT = 50

const CURSOR = /^[A-Za-z0-9_-]{1,200}$/

export const encodeCursor = ({ at, id }: Position): string =>
  Buffer.from(JSON.stringify([1, at, id]), 'utf8').toString('base64url')

const refused = (): AppError => new AppError('REQUEST_INVALID', { reason: 'cursor' })

/** Reads a cursor that came from outside; throws REQUEST_INVALID (`cursor`) for anything `encodeCursor` did not make. */
export const parseCursor = (cursor: string, idKind: 'string' | 'number' = 'string'): Position => {
  if (!CURSOR.test(cursor)) throw refused()
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw refused()
  }
  if (!Array.isArray(value) || value.length !== 3 || value[0] !== 1) throw refused()
  const [, at, id] = value as readonly unknown[]
  if (typeof at !== 'number' || !Number.isSafeInteger(at)) throw refused()
  if (typeof id !== idKind || (typeof id === 'number' && !Number.isSafeInteger(id))) throw refused()
  const position = { at, id: id as string | number }
  if (encodeCursor(position) !== cursor) throw refused()
  return position
}

/** Limit asked for, 1 to PAGE_LIMIT_MAX; throws REQUEST_INVALID (`limit`) otherwise. */
export const parseLimit = (limit: number | undefined): number => {
  if (limit === undefined) return PAGE_LIMIT_DEFAULT
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > PAGE_LIMIT_MAX) {
    throw new AppError('REQUEST_INVALID', { reason: 'limit' })
  }
  return limit
}

export interface PageRequest {
  readonly cursor?: string | null | undefined
  readonly limit?: number | undefined
}

/** The columns of the order; given when a query joins several tables or orders by another time. */
export interface PageOrder {
  readonly time?: string
  readonly id?: string
  readonly idKind?: 'string' | 'number'
}

const lastName = (column: string): string => column.slice(column.lastIndexOf('.') + 1)

/**
 * One page of `query`, newest first by (created_at, id) or the order given, by keyset: the cost of a page does not grow
 * with its depth, and rows added in between shift nothing. The query must select both columns of the order and have no
 * ORDER BY or LIMIT of its own. Throws REQUEST_INVALID (`cursor`, `limit`).
 */
export const page = async <Tables, Names extends keyof Tables, Row>(
  query: SelectQueryBuilder<Tables, Names, Row>,
  request: PageRequest,
  order: PageOrder = {},
): Promise<Page<Row>> => {
  const timeColumn = order.time ?? 'created_at'
  const idColumn = order.id ?? 'id'
  const limit = parseLimit(request.limit)
  let bounded = query
  if (request.cursor) {
    const { at, id } = parseCursor(request.cursor, order.idKind)
    // A row value comparison, which both SQLite and PostgreSQL answer from the index in one range.
    bounded = bounded.where(sql<boolean>`(${sql.ref(timeColumn)}, ${sql.ref(idColumn)}) < (${at}, ${id})`)
  }
  const rows = await bounded
    .orderBy(sql.ref(timeColumn), 'desc')
    .orderBy(sql.ref(idColumn), 'desc')
    .limit(limit + 1)
    .execute()
  const items = rows.slice(0, limit)
  const last = items.at(-1) as Readonly<Record<string, unknown>> | undefined
  if (rows.length <= limit || !last) return { items, next: null }
  const at = last[lastName(timeColumn)] as number
  const id = last[lastName(idColumn)] as string | number
  return { items, next: encodeCursor({ at, id }) }
}
