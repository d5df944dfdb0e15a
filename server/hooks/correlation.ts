import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const made = new WeakMap<FastifyRequest, string>()

/** The request's id, from desk to audit entry: the caller's `x-request-id` where it is a UUID, else one of ours. */
export const correlationOf = (request: FastifyRequest): string => {
  const given = request.headers['x-request-id']
  if (typeof given === 'string' && UUID.test(given)) return given
  const known = made.get(request)
  if (known !== undefined) return known
  const id = randomUUID()
  made.set(request, id)
  return id
}
