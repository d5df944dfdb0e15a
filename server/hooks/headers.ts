import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { AppError, ETag, type HttpRoute } from '../../shared/contract/index.ts'
import type { Idempotency } from '../services/call.ts'

const KEY = /^[A-Za-z0-9_.:-]{16,64}$/

/** The version named by If-Match. Throws REQUEST_PRECONDITION_REQUIRED without one, REQUEST_INVALID for another form. */
export const readIfMatch = (route: HttpRoute, request: FastifyRequest): number | null => {
  if (route.changes !== true) return null
  const header = request.headers['if-match']
  if (header === undefined) throw new AppError('REQUEST_PRECONDITION_REQUIRED')
  if (!ETag.safeParse(header).success) throw new AppError('REQUEST_INVALID', { path: 'if-match' })
  return Number(header.slice(1, -1))
}

/** The Idempotency-Key of a creating call, bound to its URL and body. Throws REQUEST_INVALID where it is missing or odd. */
export const readIdempotency = (
  name: string,
  route: HttpRoute,
  request: FastifyRequest,
  body: Uint8Array,
): Idempotency | null => {
  if (route.creates !== true) return null
  const key = request.headers['idempotency-key']
  if (typeof key !== 'string' || !KEY.test(key)) throw new AppError('REQUEST_INVALID', { path: 'idempotency-key' })
  const about = Buffer.concat([Buffer.from(`${request.method} ${request.url}\n`, 'utf8'), body])
  return { key, route: name, requestHash: hash('sha256', about) }
}
