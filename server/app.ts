import helmet from '@fastify/helmet'
import Fastify, { type FastifyInstance } from 'fastify'
import { AppError, HTTP } from '../shared/contract/index.ts'
import type { CaGateway } from './ca/gateway.ts'
import { newCorrelation } from './hooks/correlation.ts'
import { sendProblem } from './hooks/errors.ts'
import type { Log } from './log/log.ts'
import { isConsolePage, registerConsole } from './routes/console-files.ts'
import { registerExportFiles, type ExportFilesPort } from './routes/export-files.ts'
import { makeHandlers } from './routes/handlers.ts'
import { registerPublic } from './routes/public.ts'
import { registerRoutes, type RegistrarOptions } from './routes/registrar.ts'
import { registerVerifiers, verifierFolder } from './routes/verify-files.ts'

export interface AppOptions extends Omit<RegistrarOptions, 'handlers'> {
  readonly ca: CaGateway
  readonly log: Log
  readonly version: string
  readonly bodyBytes: number
  readonly consoleFolder: string | null
  readonly exportFiles: ExportFilesPort
  /** PEM; null for tests that inject. */
  readonly tls: { readonly key: string; readonly cert: string } | null
}

const pattern = (path: string): RegExp => new RegExp(`^${path.replace(/:[A-Za-z]+/g, '[^/]+')}$`)

/** Content policy: nothing from elsewhere, nothing inline but styles, which the component library writes. */
const CSP = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    fontSrc: ["'self'"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
}

/** The HTTP side of the server from the services given; listens to nothing yet. */
export const buildApp = async (options: AppOptions): Promise<FastifyInstance> => {
  const { log, tls } = options
  const server = {
    logger: false,
    bodyLimit: options.bodyBytes,
    trustProxy: false,
    genReqId: newCorrelation,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 400, ignoreTrailingSlash: false, caseSensitive: true },
    frameworkErrors: (error: Error, request: unknown, reply: unknown) => {
      sendProblem(log, request as never, reply as never, error)
    },
  }
  const app = (tls === null
    ? Fastify(server)
    : Fastify({ ...server, https: { ...tls, minVersion: 'TLSv1.2' as const } })) as unknown as FastifyInstance

  // Bodies stay bytes until the caller is known: the proof is over the bytes as they came.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, next) => next(null, body))
  app.setErrorHandler((error, request, reply) => sendProblem(log, request, reply, error))

  // The API answers JSON only and stands outside: even turned off, the hooks of the headers cost each of its requests.
  await app.register((pages) => registerPages(pages, options))
  registerRoutes(app, { ...options, handlers: makeHandlers(options.services) })
  registerExportFiles(app, options.exportFiles)
  await app.ready()
  return app
}

/** What a browser may be shown, under the content policy: the console, what anyone may fetch, and what is not found. */
const registerPages = async (app: FastifyInstance, options: AppOptions): Promise<void> => {
  await app.register(helmet, { global: true, contentSecurityPolicy: CSP, crossOriginEmbedderPolicy: true })
  const known = Object.values(HTTP).map((route) => pattern(route.path))
  app.setNotFoundHandler((request, reply) => {
    void reply.helmet()
    const path = request.url.split('?')[0] ?? ''
    if (options.consoleFolder !== null && request.method === 'GET' && isConsolePage(request.url))
      return reply.header('cache-control', 'no-cache').sendFile('index.html')
    const isKnown = known.some((one) => one.test(path))
    return sendProblem(options.log, request, reply, new AppError(isKnown ? 'REQUEST_NOT_ALLOWED' : 'NOT_FOUND'))
  })
  const { health, witnesses } = options.services
  registerPublic(app, { ca: options.ca, health, version: options.version, witnesses })
  registerVerifiers(app, verifierFolder(options.consoleFolder))
  await registerConsole(app, options.consoleFolder)
}
