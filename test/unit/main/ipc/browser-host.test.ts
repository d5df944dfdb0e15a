import { request } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type BrowserHost, startBrowserHost } from '../../../../main/ipc/browser-host.ts'
import { makeDesk, type TestDesk } from '../../../fakes/desk/desk.ts'

let t: TestDesk
let host: BrowserHost
let folder: string
let links: string[]
const open = new Set<WebSocket>()

beforeEach(async () => {
  t = await makeDesk()
  folder = mkdtempSync(join(tmpdir(), 'screen-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><html><head><title>x</title></head><body></body></html>')
  writeFileSync(join(folder, 'assets/app.js'), 'export {}')
  writeFileSync(join(folder, '.secret.js'), 'no')
  links = []
  const { dispatch, events, log } = t.desk
  host = await startBrowserHost({
    rendererFolder: folder,
    dispatch,
    events,
    log,
    onLink: (url) => links.push(url),
    relinkAfterMs: 50,
  })
})
afterEach(async () => {
  for (const socket of open) socket.terminate()
  open.clear()
  await host.close()
  await t.end()
  rmSync(folder, { recursive: true })
})

const origin = () => new URL(host.url).origin
const token = () => new URL(host.url).hash.slice('#token='.length)
interface Answer {
  status: number
  headers: Record<string, unknown>
  body: string
}
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { port } = new URL(host.url)
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers } },
      (answer) => {
        let text = ''
        answer.on('data', (part: Buffer) => (text += part.toString()))
        answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, body: text }))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
const exchange = (body: unknown, headers: Record<string, string> = {}) =>
  ask('/bridge/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: origin(), ...headers },
    body: JSON.stringify(body),
  })
const secretOf = async (): Promise<string> =>
  (JSON.parse((await exchange({ token: token() })).body) as { secret: string }).secret

interface Client {
  socket: WebSocket
  next(): Promise<Record<string, unknown>>
  closed: Promise<number>
}
function connect(secret: string, headers: Record<string, string> = {}, path = '/bridge/socket'): Client {
  const socket = new WebSocket(
    `${origin().replace('http', 'ws')}${path}`,
    ['countersign.bridge.v1', `secret.${secret}`],
    { headers: { origin: origin(), ...headers } },
  )
  open.add(socket)
  const got: Record<string, unknown>[] = []
  const waiting: ((message: Record<string, unknown>) => void)[] = []
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Record<string, unknown>
    const first = waiting.shift()
    if (first) first(message)
    else got.push(message)
  })
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.on('error', () => undefined)
  return { socket, closed, next: async () => got.shift() ?? new Promise((resolve) => waiting.push(resolve)) }
}
const refusedWith = (client: Client): Promise<number> =>
  new Promise((resolve) =>
    client.socket.once('unexpected-response', (_request, answer) => resolve(answer.statusCode ?? 0)),
  )

/** Asks for the bridge as another origin would, and resets the connection before the answer can be written. */
function hangUp(port: number, atOnce: boolean): Promise<void> {
  const lines = [
    'GET /bridge/socket HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Origin: http://evil.example',
    'Upgrade: websocket',
    'Connection: Upgrade',
  ]
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1', () => {
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
      if (atOnce) socket.resetAndDestroy()
      else setImmediate(() => socket.resetAndDestroy())
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
  })
}

describe('when the screen is served', () => {
  it('gives the page with the bridge first and a strict policy', async () => {
    const { status, headers, body } = await ask('/')
    expect(status).toBe(200)
    expect(body).toMatch(/<head><script defer src="\/bridge\/bridge.js"><\/script>/)
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
  })
  it('gives the bridge as plain script', async () => {
    const { body, headers } = await ask('/bridge/bridge.js')
    expect(headers['content-type']).toMatch(/^text\/javascript/)
    expect(() => new Script(body)).not.toThrow()
  })
  it.each([
    ['a file of the screen', '/assets/app.js', 200],
    ['a route of the page', '/people', 200],
    ['a file that is not there', '/assets/none.js', 404],
    ['an unknown ending', '/assets/app.exe', 404],
    ['a way out', '/../package.json', 404],
    ['an encoded way out', '/%2e%2e/%2e%2e/etc/passwd.json', 404],
    ['a twice encoded way out', '/%252e%252e/x.js', 404],
    ['a back slash', '/..%5cpackage.json', 404],
    ['a hidden file', '/.secret.js', 404],
    ['a broken escape', '/%E0%A4%A.js', 404],
    ['a null byte', '/assets/app.js%00.html', 404],
  ])('answers %s', async (_what, path, status) => {
    expect((await ask(path)).status).toBe(status)
  })
  it.each([
    ['another host', '/', { headers: { host: 'evil.example' } }, 421],
    ['another port', '/', { headers: { host: '127.0.0.1:1' } }, 421],
    ['localhost by name', '/', { headers: { host: 'localhost' } }, 421],
    ['a method that writes', '/', { method: 'PUT' }, 405],
  ])('refuses %s', async (_what, path, options, status) => {
    expect((await ask(path, options)).status).toBe(status)
  })
})

describe('when the one-time token is exchanged', () => {
  it('gives a secret once, and nothing the second time', async () => {
    const body = { token: token() }
    const first = await exchange(body)
    expect(first.status).toBe(200)
    expect(first.body).not.toContain(body.token)
    expect((await exchange(body)).status).toBe(403)
  })
  it.each([
    ['another token', { token: 'x'.repeat(43) }, {}],
    ['no token', {}, {}],
    ['a token of another type', { token: 7 }, {}],
    ['too long a body', { token: 'x'.repeat(5000) }, {}],
  ])('refuses %s', async (_what, body, headers) => {
    expect((await exchange(body, headers)).status).toBe(403)
    expect((await exchange({ token: token() })).status).toBe(200)
  })
  it.each([
    ['another origin', { origin: 'http://evil.example' }, 403],
    ['no origin to speak of', { origin: 'null' }, 403],
    ['a form', { 'content-type': 'text/plain' }, 403],
    ['another host', { host: 'evil.example' }, 421],
  ])('refuses %s, and the token stays good', async (_what, headers, status) => {
    expect((await exchange({ token: token() }, headers)).status).toBe(status)
    expect((await exchange({ token: token() })).status).toBe(200)
  })
})

describe('when the bridge is opened', () => {
  it('answers calls and tells events', async () => {
    const client = connect(await secretOf())
    expect(await client.next()).toEqual({ ready: true })
    client.socket.send(JSON.stringify({ id: 1, call: 'app.info', input: {} }))
    expect(await client.next()).toMatchObject({ id: 1, result: { ok: true, value: { host: 'browser' } } })
    t.cards.insert('Reader B', null)
    expect(await client.next()).toMatchObject({ event: 'readers' })
  })
  it('refuses a socket without the secret, from another origin, host or path', async () => {
    const secret = await secretOf()
    expect(await refusedWith(connect('x'.repeat(43)))).toBe(401)
    expect(await refusedWith(connect(token()))).toBe(401)
    expect(await refusedWith(connect(secret, { origin: 'http://evil.example' }))).toBe(403)
    expect(await refusedWith(connect(secret, { host: 'evil.example' }))).toBe(421)
    expect(await refusedWith(connect(secret, {}, '/other'))).toBe(403)
  })
  it('outlives callers that hang up while they are refused', async () => {
    const port = Number(new URL(host.url).port)
    const thrown: unknown[] = []
    const note = (error: unknown) => thrown.push(error)
    process.on('uncaughtException', note)
    for (let i = 0; i < 100; i++) await hangUp(port, i % 2 === 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('uncaughtException', note)
    expect(thrown).toEqual([])
    expect((await ask('/')).status).toBe(200)
  })
  it('refuses a second screen with the same secret while the first is there', async () => {
    const secret = await secretOf()
    const first = connect(secret)
    await first.next()
    const second = connect(secret)
    expect(await second.closed).toBe(4409)
    first.socket.send(JSON.stringify({ id: 2, call: 'session.state', input: {} }))
    expect(await first.next()).toMatchObject({ id: 2, result: { ok: true } })
  })
  it('goes on after a reload of the same window', async () => {
    const secret = await secretOf()
    const first = connect(secret)
    await first.next()
    const second = connect(secret)
    setTimeout(() => first.socket.close(), 30)
    expect(await second.next()).toEqual({ ready: true })
  })
  it('makes a new link once the screen has gone; using it ends the secret before', async () => {
    const secret = await secretOf()
    const first = connect(secret)
    await first.next()
    first.socket.close()
    await expect.poll(() => links.length).toBe(1)
    expect(host.url).toBe(links[0])
    const fresh = await secretOf()
    expect(await refusedWith(connect(secret))).toBe(401)
    expect(await connect(fresh).next()).toEqual({ ready: true })
  })
})

describe('when the screen sends what it should not', () => {
  it.each([
    ['no JSON', '{{{'],
    ['another type', '7'],
    ['no id', JSON.stringify({ call: 'app.info', input: {} })],
    ['an extra key', JSON.stringify({ id: 1, call: 'app.info', input: {}, more: 1 })],
    ['a negative id', JSON.stringify({ id: -1, call: 'app.info', input: {} })],
  ])('answers %s with a code and goes on', async (_what, text) => {
    const client = connect(await secretOf())
    await client.next()
    client.socket.send(text)
    expect(await client.next()).toMatchObject({ id: null, result: { ok: false, error: { code: 'REQUEST_INVALID' } } })
    client.socket.send(JSON.stringify({ id: 3, call: 'session.state', input: {} }))
    expect(await client.next()).toMatchObject({ id: 3, result: { ok: true } })
  })
  it('answers a large call with REQUEST_TOO_LARGE and closes on a huge frame', async () => {
    const client = connect(await secretOf())
    await client.next()
    client.socket.send(JSON.stringify({ id: 1, call: 'drafts.put', input: { name: 'x', value: 'x'.repeat(500_000) } }))
    expect(await client.next()).toMatchObject({ id: 1, result: { ok: false, error: { code: 'REQUEST_TOO_LARGE' } } })
    client.socket.send('x'.repeat(5_000_000))
    expect(await client.closed).toBe(1009)
  })
})
