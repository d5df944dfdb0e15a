import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../shared/contract/index.ts'
import { Id } from '../../shared/contract/scalars.ts'
import { isSameVersion, parseRange, type Range } from './byte-range.ts'
import { PASS_COOKIE } from './handlers-exports.ts'

/** A package as it can be given now; structurally `PackageFile` of server/exports. */
interface GivenFile {
  readonly size: number
  readonly fileName: string
  readonly etag: string
  stream(range: Range): AsyncIterable<Uint8Array>
}
/** Throws EXPORT_PASS_INVALID, EXPORT_NOT_FOUND. */
export interface ExportFilesPort {
  open(id: string, pass: string | null, now: number): Promise<GivenFile>
}

const PASS = /^[A-Za-z0-9_-]{43}$/
const HEADER = /^Download ([A-Za-z0-9_-]{43})$/
const COOKIE_BYTES_MAX = 4096

/** From the header where there is one, else from the cookie; the first of that name counts, as a browser sends ours. */
const passOf = ({ headers }: FastifyRequest): string | null => {
  if (headers.authorization !== undefined) return HEADER.exec(headers.authorization)?.[1] ?? null
  const cookies = headers.cookie ?? ''
  if (cookies.length > COOKIE_BYTES_MAX) return null
  for (const part of cookies.split(';')) {
    const [name, ...value] = part.trim().split('=')
    if (name === PASS_COOKIE) return PASS.test(value.join('=')) ? value.join('=') : null
  }
  return null
}

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? undefined : header

/**
 * `GET` and `HEAD` of a package: whole, or one range of it (RFC 9110 14). It is no route of the contract: it answers
 * bytes, to whoever holds a pass; taking the pass is what the audit keeps. `Sec-Fetch-Site` of elsewhere is refused, so
 * that a page of others cannot have the browser save it.
 */
export const registerExportFiles = (app: FastifyInstance, files: ExportFilesPort): void => {
  const give = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id } = request.params as { readonly id: string }
    if (!Id.safeParse(id).success) throw new AppError('EXPORT_NOT_FOUND')
    const site = request.headers['sec-fetch-site']
    const isElsewhere = site === 'cross-site' || site === 'same-site'
    const file = await files.open(id, isElsewhere ? null : passOf(request), Date.now())
    const { size, etag } = file
    void reply
      .header('accept-ranges', 'bytes')
      .header('etag', etag)
      .header('cache-control', 'private, no-store')
      .header('content-disposition', `attachment; filename="${file.fileName}"`)
      .header('x-content-type-options', 'nosniff')
      .header('content-security-policy', "default-src 'none'; sandbox")
      .header('cross-origin-resource-policy', 'same-origin')
      .type('application/zip')
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    const isCurrent = isSameVersion(request.headers['if-range'], etag)
    // RFC 9110 14.2: only for GET.
    const asked = request.method === 'GET' && isCurrent ? parseRange(single(request.headers.range), size) : null
    if (asked === 'unsatisfiable') {
      void reply.header('content-range', `bytes */${size}`)
      throw new AppError('EXPORT_RANGE_INVALID', { size })
    }
    const range = asked ?? { from: 0, to: size }
    if (asked) void reply.code(206).header('content-range', `bytes ${range.from}-${range.to - 1}/${size}`)
    void reply.header('content-length', String(range.to - range.from))
    if (request.method === 'HEAD') return reply.send()
    return reply.send(Readable.from(file.stream(range), { objectMode: false, highWaterMark: 512 * 1024 }))
  }
  app.route({ method: ['GET', 'HEAD'], url: '/api/v1/exports/:id/file', handler: give })
}
