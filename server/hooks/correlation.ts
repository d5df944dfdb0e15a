import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The request's id, from desk to audit entry: the caller's `x-request-id` where it is a UUID, else one of ours. */
export const newCorrelation = (request: Pick<IncomingMessage, 'headers'>): string => {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && UUID.test(given) ? given : randomUUID()
}

/** The same id at every later step: Fastify asks `newCorrelation` once as a request comes in, and keeps it. */
export const correlationOf = (request: FastifyRequest): string => request.id
