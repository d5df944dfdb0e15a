import type { FastifyReply } from 'fastify'

/**
 * Sends what was done as JSON, in one write: head and body are one string. Nothing of Fastify's sending is needed, no
 * hook stands behind it, and it costs more than what most reads do. JSON is UTF-8 (RFC 8259 §8.1); where every character
 * is ASCII the same bytes are written without being encoded.
 */
export const sendAnswer = (
  reply: FastifyReply,
  answer: {
    readonly status: number
    readonly value: unknown
    readonly etag: string | null
    /** The request's id. */
    readonly id: string
    /** A whole `Set-Cookie` line. */
    readonly cookie: string | null
  },
): FastifyReply => {
  const body = JSON.stringify(answer.value)
  const bytes = Buffer.byteLength(body)
  const head = [
    'content-type',
    'application/json; charset=utf-8',
    'content-length',
    String(bytes),
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    'x-request-id',
    answer.id,
  ]
  if (answer.etag !== null) head.push('etag', answer.etag)
  if (answer.cookie !== null) head.push('set-cookie', answer.cookie)
  reply.hijack()
  reply.raw.writeHead(answer.status, head)
  reply.raw.end(body, bytes === body.length ? 'latin1' : 'utf8')
  return reply
}
