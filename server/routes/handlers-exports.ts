import { filePath, type Exports } from '../services/exports.ts'
import type { Handlers } from './handler.ts'

/** What the routes of exports call. */
export interface ExportsServices {
  readonly exports: Exports
}

/** Name of the cookie that carries a download pass; sent to one path alone. */
export const PASS_COOKIE = 'countersign-download'

/** Orders of exports, their files and their signatures: one line a route. */
export const exportsHandlers = ({ exports }: ExportsServices) =>
  ({
    estimateExport: ({ call, request }) => exports.estimate(call, request.body.selection),
    createExport: ({ call, request }) => exports.create(call, request.body),
    listExports: ({ call, request }) => exports.list(call, request.query),
    readExport: ({ call, request }) => exports.read(call, request.params.id),
    cancelExport: ({ call, request }) => exports.cancel(call, request.params.id),
    deleteExport: async ({ call, request }) => {
      await exports.delete(call, request.params.id)
      return { done: true } as const
    },
    authoriseDownload: async ({ call, request, setCookie }) => {
      const given = await exports.authorise(call, request.params.id)
      const age = Math.max(0, Math.floor((given.expiresAt - call.at) / 1000))
      const about = `Path=${filePath(request.params.id)}; Max-Age=${age}; HttpOnly; Secure; SameSite=Strict`
      setCookie(`${PASS_COOKIE}=${given.pass}; ${about}`)
      return given
    },
    prepareSecondSignature: ({ call, request: { params, body } }) =>
      exports.prepareSecond(call, params.id, body.certificate),
    addSecondSignature: ({ call, request: { params, body } }) => exports.addSecond(call, params.id, body),
  }) satisfies Partial<Handlers>
