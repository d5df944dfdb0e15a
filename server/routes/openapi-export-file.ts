import { z } from 'zod'
import { Id } from '../../shared/contract/scalars.ts'
import { PASS_COOKIE } from './handlers-exports.ts'

/** The one route with bytes for an answer, which the table of the contract cannot tell of: see export-files.ts. */
export const EXPORT_FILE_PATH = '/api/v1/exports/{id}/file'

/** How a pass is shown; `authoriseDownload` gives one. */
export const PASS_SCHEMES = {
  downloadPass: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: '"Download <pass>", with the pass that was taken for this export.',
  },
  downloadCookie: {
    type: 'apiKey',
    in: 'cookie',
    name: PASS_COOKIE,
    description: 'The same pass, as taking it sets it for browsers; refused from pages of other sites.',
  },
} as const

const text = (description: string) => ({ description, schema: { type: 'string' } })
const { $schema: _dialect, ...id } = z.toJSONSchema(Id, { io: 'input', target: 'draft-2020-12' })
const header = (name: string, description: string) => ({
  name,
  in: 'header',
  required: false,
  ...text(description),
})
const IF_NONE_MATCH = header('If-None-Match', 'The ETag of what is kept: 304 where it still is the file')

const OF_FILE = {
  'Accept-Ranges': text('bytes'),
  ETag: text('Strong; it changes when a signature is added'),
  'Content-Disposition': text('attachment, with the name of the file'),
}
const LENGTH = { 'Content-Length': { description: 'Bytes of this answer', schema: { type: 'integer' } } }
const BYTES = { 'application/zip': { schema: { type: 'string', contentMediaType: 'application/zip' } } }
const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }

const operation = (method: 'get' | 'head') => {
  const content = method === 'get' ? { content: BYTES } : {}
  const problem = (description: string, headers?: Record<string, unknown>) => ({
    description,
    ...(headers ? { headers } : {}),
    ...(method === 'get' ? { content: PROBLEM } : {}),
  })
  return {
    operationId: method === 'get' ? 'getExportFile' : 'headExportFile',
    summary:
      method === 'get'
        ? 'The package of an export: whole, or one range of its bytes, for whoever holds a pass'
        : 'Size, name and version of the package of an export, for whoever holds a pass',
    parameters: [
      { name: 'id', in: 'path', required: true, schema: id },
      IF_NONE_MATCH,
      ...(method === 'get'
        ? [
            header('Range', 'One range of bytes (RFC 9110 14.2); several are answered with the whole'),
            header('If-Range', 'The ETag of what is there already: where it is another file now, the whole is given'),
          ]
        : []),
    ],
    security: [{ downloadPass: [] }, { downloadCookie: [] }],
    responses: {
      '200': { description: 'The whole package', headers: { ...OF_FILE, ...LENGTH }, ...content },
      ...(method === 'get'
        ? {
            '206': {
              description: 'The range asked for',
              headers: { ...OF_FILE, ...LENGTH, 'Content-Range': text('bytes FROM-TO/SIZE') },
              ...content,
            },
          }
        : {}),
      '304': { description: 'Unchanged', headers: OF_FILE },
      ...(method === 'get'
        ? { '416': problem('EXPORT_RANGE_INVALID: no byte of it is there', { 'Content-Range': text('bytes */SIZE') }) }
        : {}),
      default: problem('Refused: EXPORT_PASS_INVALID, EXPORT_NOT_FOUND'),
    },
  }
}

export const exportFilePath = (): Record<string, unknown> => ({ get: operation('get'), head: operation('head') })
