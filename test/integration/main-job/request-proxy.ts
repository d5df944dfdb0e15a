import { readFileSync } from 'node:fs'
import { Agent, createServer, request as forward } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { HTTP, type HttpName } from '../../../shared/contract/index.ts'

/**
 * Stands between the desk and the server with the server's own key, so that the desk sees the certificate it expects, and
 * does something at one request: `before` it reaches the server, or `after` the server answered and before the desk sees
 * it. The desk's connection is then cut.
 */
export interface Cut {
  /** Route, then the step or slot where it has one: `createHolder`, `completeStep key:9A`, `issueCertificate 9C`. */
  readonly label: string
  readonly at: 'before' | 'after'
  act(): Promise<void>
}

const ROUTES = (Object.keys(HTTP) as HttpName[]).map((name) => ({
  name,
  method: HTTP[name].method,
  path: new RegExp(`^${HTTP[name].path.replace(/:[a-zA-Z]+/g, '([^/]+)')}$`),
}))

function labelOf(method: string, url: string, body: Buffer): string {
  const path = url.replace(/\?.*/, '')
  const route = ROUTES.find((one) => one.method === method && one.path.test(path))
  if (route === undefined) return `${method} ${path}`
  if (route.name === 'completeStep') return `completeStep ${decodeURIComponent(path.split('/').at(-1) ?? '')}`
  if (route.name !== 'issueCertificate') return route.name
  return `issueCertificate ${(JSON.parse(body.toString('utf8')) as { slot: string }).slot}`
}

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = []
  for await (const part of message) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

export class RequestProxy {
  /** Cuts still to come; each happens once. */
  cuts: Cut[] = []
  /** Labels of the cuts that happened, in order. */
  readonly happened: string[] = []
  readonly #server: ReturnType<typeof createServer>
  readonly #upstream: { port: number; ca: Buffer }
  /** A connection for each request: one kept open could be to a server that was killed. */
  readonly #agent = new Agent({ keepAlive: false })

  private constructor(serverFolder: string, port: number) {
    const read = (name: string) => readFileSync(join(serverFolder, name))
    this.#upstream = { port, ca: read('ca-root.pem') }
    this.#server = createServer({ key: read('tls.key'), cert: read('tls.pem') }, (request, response) => {
      this.#pass(request, response).catch(() => response.socket?.destroy())
    })
  }

  static async start(serverFolder: string, port: number): Promise<RequestProxy> {
    const proxy = new RequestProxy(serverFolder, port)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    const label = labelOf(request.method ?? '', request.url ?? '', body)
    if (await this.#cut(label, 'before', response)) return
    const answer = await this.#send(request, body)
    if (await this.#cut(label, 'after', response)) return
    response.writeHead(answer.status, answer.headers)
    response.end(answer.body)
  }

  async #cut(label: string, at: Cut['at'], response: ServerResponse): Promise<boolean> {
    const cut = this.cuts.find((one) => one.label === label && one.at === at)
    if (cut === undefined) return false
    this.cuts = this.cuts.filter((one) => one !== cut)
    this.happened.push(label)
    await cut.act()
    response.socket?.destroy()
    return true
  }

  #send(request: IncomingMessage, body: Buffer) {
    type Answer = { status: number; headers: IncomingMessage['headers']; body: Buffer }
    return new Promise<Answer>((resolve, reject) => {
      const { method, url, headers } = request
      const sent = forward(
        { host: '127.0.0.1', ...this.#upstream, method, path: url, headers, agent: this.#agent },
        (answer) => {
          bodyOf(answer).then(
            (bytes) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes }),
            reject,
          )
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }
}
