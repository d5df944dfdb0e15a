import { z } from 'zod'
import type { Right } from '../permissions.ts'
import { Id } from '../scalars.ts'

/**
 * Every HTTP route, once. The server's handlers, its OpenAPI document and both clients derive from this table.
 * `auth`: none, or a session with a right (`office` scope is applied by the service). `creates`: needs `Idempotency-Key`.
 * `changes`: needs `If-Match`; the answer carries `ETag`. `body`/`query`/`params` are strict: unknown keys are refused.
 */
export interface HttpRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly summary: string
  readonly auth: 'none' | Right
  readonly creates?: true
  readonly changes?: true
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodObject
  readonly answer: z.ZodType
}
export const route = <const R extends HttpRoute>(r: R): R => r

export const byId = z.strictObject({ id: Id })
export const done = z.strictObject({ done: z.literal(true) })
