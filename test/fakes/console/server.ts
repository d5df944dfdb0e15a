import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { randomUUID } from 'node:crypto'
import { AppError, HTTP, type HttpName, type HttpRoute } from '../../../shared/contract/index.ts'
import { createFakeApi, type Behaviour } from './api.ts'
import { checkProof } from './session-gate.ts'

/** As the real server serves the console. */
export const CONSOLE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
}

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

interface Found {
  name: HttpName
  route: HttpRoute
  params: Record<string, string>
}
const findRoute = (method: string, pathname: string): Found | null => {
  for (const [name, route] of Object.entries(HTTP) as [HttpName, HttpRoute][]) {
    const pattern = new RegExp(`^${route.path.replaceAll(/:([a-zA-Z]+)/g, '(?<$1>[^/]+)')}$`)
    const match = route.method === method ? pattern.exec(pathname) : null
    if (match === null) continue
    const params = Object.fromEntries(Object.entries(match.groups ?? {}).map(([k, v]) => [k, decodeURIComponent(v)]))
    return { name, route, params }
  }
  return null
}

/** A small console API and static host with the real contract's shapes and a real proof check. Nothing is kept. */
export const startFakeConsoleServer = async (
  behaviour: Behaviour,
  options: { port?: number; files?: string } = {},
): Promise<{ url: string; decide: (approve: boolean) => void; happen: () => void; close: () => Promise<void> }> => {
  const api = createFakeApi(behaviour)

  const parse = (schema: HttpRoute['query'], value: unknown) => {
    const parsed = schema?.safeParse(value)
    if (parsed?.success === false)
      throw new AppError('REQUEST_INVALID', { issue: parsed.error.issues[0]?.message ?? '' })
    return parsed?.data ?? {}
  }
  const answerApi = async (request: IncomingMessage, url: URL): Promise<unknown> => {
    const method = request.method ?? 'GET'
    const found = findRoute(method, url.pathname)
    if (found === null) throw new AppError('NOT_FOUND')
    const { name, route } = found
    const body = await readBody(request)
    const sent = { method, path: request.url ?? '', body, headers: request.headers }
    const session = route.auth === 'none' ? null : checkProof(sent, api.sessions)
    if (route.creates && !request.headers['idempotency-key'])
      throw new AppError('REQUEST_INVALID', { header: 'idempotency-key' })
    await new Promise((resolve) => setTimeout(resolve, behaviour.delayMs))
    const call = {
      params: parse(route.params, found.params) as Record<string, string | number>,
      query: parse(route.query, Object.fromEntries(url.searchParams)),
      body: parse(route.body, body.length === 0 ? {} : JSON.parse(body.toString())),
    }
    return route.answer.parse(api.handle(name, call, session, route.auth))
  }
  const sendJson = (response: ServerResponse, status: number, type: string, value: unknown) => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
    response.end(JSON.stringify(value))
  }
  const serveFile = (response: ServerResponse, pathname: string) => {
    const file = join(
      options.files ?? '',
      normalize(pathname.replace(/^\/console\/?/, '/')).replace(/\/$/, '/index.html'),
    )
    if (options.files === undefined || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end()
      return
    }
    const type = TYPES[extname(file)] ?? 'application/octet-stream'
    response.writeHead(200, { 'content-type': type, 'content-security-policy': CONSOLE_CSP })
    createReadStream(file).pipe(response)
  }
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    if (url.pathname.startsWith('/ca/')) {
      response.writeHead(200, { 'content-type': 'application/pkix-cert' }).end('0')
      return
    }
    if (!url.pathname.startsWith('/api/')) return serveFile(response, url.pathname)
    try {
      sendJson(response, 200, 'application/json', await answerApi(request, url))
    } catch (error) {
      const known = error instanceof AppError ? error : new AppError('INTERNAL', {}, { cause: error })
      if (known.cause !== undefined) console.error(known.cause)
      const { code, status, detail } = known
      const instance = `urn:countersign:request:${randomUUID().slice(0, 8)}`
      const problem = { type: `urn:countersign:error:${code}`, title: code, status, code, detail, instance }
      sendJson(response, status, 'application/problem+json', problem)
    }
  }

  const server: Server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    decide: api.decide,
    happen: api.happen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export const ordinaryBehaviour = (): Behaviour => ({
  roles: ['AO', 'SA'],
  delayMs: 20,
  failing: new Set(),
  codeMs: 300_000,
  verifyPerSecond: 200,
  faults: [],
})
