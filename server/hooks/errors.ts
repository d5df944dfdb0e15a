import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, type ErrorCode, type Problem } from '../../shared/contract/index.ts'
import type { Log } from '../log/log.ts'
import { correlationOf } from './correlation.ts'

/** Fastify's own refusals, by its closed code list. */
const FOREIGN: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'REQUEST_UNSUPPORTED_MEDIA',
  FST_ERR_CTP_BODY_TOO_LARGE: 'REQUEST_TOO_LARGE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'REQUEST_INVALID',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'REQUEST_INVALID',
  FST_ERR_CTP_INVALID_JSON_BODY: 'REQUEST_INVALID',
  FST_ERR_BAD_URL: 'REQUEST_INVALID',
  FST_ERR_ROUTE_METHOD_NOT_SUPPORTED: 'REQUEST_NOT_ALLOWED',
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** Refusals of the libraries below that carry nothing but an HTTP status: a path outside the console's folder, an odd range. */
const byStatus = (error: unknown): ErrorCode | undefined => {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  if (status === 403 || status === 404) return 'NOT_FOUND'
  return typeof status === 'number' && status >= 400 && status < 500 ? 'REQUEST_INVALID' : undefined
}

/** The one AppError an error stands for; what nobody foresaw is INTERNAL, and its cause stays inside. */
export const toAppError = (error: unknown): AppError => {
  if (error instanceof AppError) return error
  const code = FOREIGN[codeOf(error)] ?? byStatus(error)
  return new AppError(code ?? 'INTERNAL', {}, { cause: error })
}

export const problemOf = (error: AppError, id: string): Problem => ({
  type: `urn:countersign:error:${error.code}`,
  title: error.code,
  status: error.status,
  code: error.code,
  // Nothing of an INTERNAL error is told but the id it is logged under.
  ...(error.code === 'INTERNAL' || Object.keys(error.detail).length === 0 ? {} : { detail: { ...error.detail } }),
  instance: id,
})

const NO_LINE_BREAKS = /[\r\n\u2028\u2029]/g

/** Answers problem+json (RFC 9457) and logs what is ours to mend. */
export const sendProblem = (log: Log, request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply => {
  const error = toAppError(thrown)
  const id = correlationOf(request)
  if (error.status >= 500) {
    const cause = error.cause instanceof Error ? error.cause : error
    log.error({ id, code: error.code, detail: error.detail, cause: cause.stack ?? cause.message }, 'request failed')
  } else {
    log.debug({ id, code: error.code, path: request.url.split('?')[0]?.replace(NO_LINE_BREAKS, '') }, 'request refused')
  }
  if (error.code === 'REQUEST_RATE_LIMITED') void reply.header('retry-after', '10')
  return reply
    .code(error.status)
    .header('x-request-id', id)
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(error, id)))
}
