import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import type { DeskEvents, Log } from '../services/ports.ts'
import { ScreenAccess } from './browser/access.ts'
import { readBridgeScript, withBridge } from './browser/bridge-script.ts'
import { serveScreen } from './browser/connection.ts'
import { CLOSE, FRAME_MAX_BYTES, PROTOCOL, SECRET_PREFIX } from './browser/frames.ts'
import { contentPolicy, screenHeaders } from './content-policy.ts'
import type { Dispatch } from './register.ts'
import { readScreenFile } from './screen-files.ts'

const LOOPBACK = '127.0.0.1'
const TOKEN_BODY_MAX = 400
/** A reload closes its old socket just before or after the new one comes; a second window's stays open. */
const RELOAD_GRACE_MS = 1_500
/** After the screen was gone this long, a new one-time link is made, so that a closed window can be opened again. */
const RELINK_AFTER_MS = 3_000

export interface BrowserHost {
  /** The one-time link. */
  readonly url: string
  close(): Promise<void>
}
export interface BrowserHostParts {
  rendererFolder: string
  dispatch: Dispatch
  events: DeskEvents
  log: Log
  /** A new one-time link, made when the screen has gone. */
  onLink(url: string): void
  relinkAfterMs?: number
}

/**
 * Shows the desk in a browser on this machine: a page and one WebSocket on a random loopback port. Who else runs on this
 * machine may connect, so every request must name this host (against DNS rebinding), every exchange this origin (against
 * other pages), and the bridge the secret of the one screen. For development, tests, thin clients; never packaged.
 */
export async function startBrowserHost(parts: BrowserHostParts): Promise<BrowserHost> {
  const host = new Host(parts)
  await host.listen()
  return host
}

const PREPARE_AFTER_MS = 400

class Host implements BrowserHost {
  readonly #parts: BrowserHostParts
  readonly #access = new ScreenAccess()
  #script: Buffer | null = null
  readonly #prepare = setTimeout(() => this.#bridge(), PREPARE_AFTER_MS).unref()
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_MAX_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => PROTOCOL,
  })
  readonly #server: Server
  #origin = ''
  #screen: WebSocket | null = null
  #relink: NodeJS.Timeout | null = null
  #isClosing = false
  url = ''

  constructor(parts: BrowserHostParts) {
    this.#parts = parts
    this.#server = createServer({ maxHeaderSize: 16_384, requestTimeout: 10_000 }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        parts.log.error('browser-host.failed', { error })
        response.writeHead(500).end()
      })
    })
    this.#server.on('upgrade', (request, socket, head) => {
      // From here on the socket is nobody's but ours: whoever hangs up while being refused must not end the desk.
      socket.on('error', () => socket.destroy())
      const refusal = this.#refuse(request)
      if (refusal !== null) {
        parts.log.warn('browser-host.refused', { refusal })
        socket.end(`HTTP/1.1 ${refusal} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
        return
      }
      this.#sockets.handleUpgrade(request, socket, head, (screen) => void this.#admit(screen))
    })
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(0, LOOPBACK, resolve)
    })
    this.#origin = `http://${LOOPBACK}:${(this.#server.address() as AddressInfo).port}`
    this.url = this.#link()
  }

  /** Made when the start is over: what strips its types costs more than all else of the host. */
  #bridge(): Buffer {
    return (this.#script ??= readBridgeScript())
  }

  async close(): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#prepare)
    if (this.#relink) clearTimeout(this.#relink)
    for (const socket of this.#sockets.clients) socket.close(CLOSE.stopping)
    this.#server.closeAllConnections()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets.clients) socket.terminate()
    await closed
  }

  #link(): string {
    return `${this.#origin}/#token=${this.#access.mintToken()}`
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = screenHeaders(contentPolicy([this.#origin.replace('http:', 'ws:')]))
    const end = (status: number, type: string, body: string | Buffer) =>
      response.writeHead(status, { ...headers, 'content-type': type }).end(request.method === 'HEAD' ? '' : body)
    if (request.headers.host !== new URL(this.#origin).host)
      return void end(421, 'text/plain', 'This is not the host you asked for.')
    const { pathname } = new URL(request.url ?? '/', this.#origin)
    if (pathname === '/bridge/session')
      return this.#exchange(request, (status, body) => void end(status, 'application/json', JSON.stringify(body)))
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void end(405, 'text/plain', 'Only reading is possible here.')
    if (pathname === '/bridge/bridge.js') return void end(200, 'text/javascript; charset=utf-8', this.#bridge())
    const file = await readScreenFile(this.#parts.rendererFolder, pathname)
    if (file === null) return void end(404, 'text/plain', 'Not found.')
    const isPage = file.type.startsWith('text/html')
    end(200, file.type, isPage ? withBridge(file.bytes) : file.bytes)
  }

  /** Token for secret. A JSON body from this very origin: no other page can send one without a preflight, which is refused. */
  async #exchange(request: IncomingMessage, end: (status: number, body: unknown) => void): Promise<void> {
    const isOurs =
      request.method === 'POST' &&
      request.headers.origin === this.#origin &&
      request.headers['content-type'] === 'application/json'
    if (!isOurs) return end(403, { error: 'refused' })
    const token = tokenIn(await readBody(request))
    const secret = token === null ? null : this.#access.exchange(token)
    if (secret === null) this.#parts.log.warn('browser-host.token-refused')
    return secret === null ? end(403, { error: 'refused' }) : end(200, { secret })
  }

  /** The HTTP status to refuse a WebSocket with, or null. */
  #refuse(request: IncomingMessage): number | null {
    if (request.headers.host !== new URL(this.#origin).host) return 421
    if (request.headers.origin !== this.#origin || request.url !== '/bridge/socket') return 403
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
    const secret = offered.find((name) => name.startsWith(SECRET_PREFIX))?.slice(SECRET_PREFIX.length)
    if (!offered.includes(PROTOCOL) || secret === undefined) return 401
    return this.#access.isSecret(secret) ? null : 401
  }

  /** One screen at a time. A tab that was duplicated has the secret too: it is told that the desk is open elsewhere. */
  async #admit(socket: WebSocket): Promise<void> {
    const before = this.#screen
    if (before !== null && !(await isGoneSoon(before, RELOAD_GRACE_MS))) return socket.close(CLOSE.taken)
    if (socket.readyState !== socket.OPEN) return
    if (this.#screen !== null && this.#screen !== before) return socket.close(CLOSE.taken)
    if (this.#relink) clearTimeout(this.#relink)
    this.#screen = socket
    const stop = serveScreen(socket, this.#parts)
    socket.send(JSON.stringify({ ready: true }))
    socket.once('close', () => {
      stop()
      if (this.#screen !== socket) return
      this.#screen = null
      this.#relinkLater()
    })
  }

  #relinkLater(): void {
    if (this.#isClosing) return
    this.#relink = setTimeout(() => {
      this.url = this.#link()
      this.#parts.onLink(this.url)
    }, this.#parts.relinkAfterMs ?? RELINK_AFTER_MS)
    this.#relink.unref()
  }
}

const isGoneSoon = (socket: WebSocket, withinMs: number): Promise<boolean> =>
  new Promise((resolve) => {
    if (socket.readyState === socket.CLOSED) return resolve(true)
    const timer = setTimeout(() => resolve(socket.readyState === socket.CLOSED), withinMs)
    socket.once('close', () => {
      clearTimeout(timer)
      // After the host's own listener, which frees the place.
      setImmediate(() => resolve(true))
    })
    socket.ping()
  })

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > TOKEN_BODY_MAX) return ''
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function tokenIn(body: string): string | null {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null || !('token' in value)) return null
    return typeof value.token === 'string' && value.token.length <= 64 ? value.token : null
  } catch {
    return null
  }
}
