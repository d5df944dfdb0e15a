import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createCardFile } from '../../fakes/card/virtual-card.ts'
import { json, TestHttpsServer, TlsAuthority } from '../../fakes/desk/https-server.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
let folder: string
let server: TestHttpsServer
let child: ChildProcess | null = null

async function writeConfig(more: object = {}): Promise<string> {
  folder = mkdtempSync(join(tmpdir(), 'desk-process-'))
  const authority = new TlsAuthority()
  server = new TestHttpsServer(await authority.serverCertificate({ ip: ['127.0.0.1'] }))
  server.answer = (_received, response) =>
    json(response, 200, { name: 's', version: '1', time: Date.now(), keys: 'software' })
  mkdirSync(join(folder, 'readers/cards'), { recursive: true })
  mkdirSync(join(folder, 'screen'))
  createCardFile(join(folder, 'readers/cards/one.json'), { label: 'One', serial: 4711 })
  const readers = [
    { name: 'Virtual 1', card: 'one' },
    { name: 'Virtual 2', card: null },
  ]
  writeFileSync(join(folder, 'readers/readers.json'), JSON.stringify({ readers }))
  writeFileSync(join(folder, 'screen/index.html'), '<html><head></head></html>')
  writeFileSync(join(folder, 'ca.pem'), await authority.anchorPem())
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(join(folder, 'station.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  const config = {
    server: { url: await server.listen(), name: 'test', caFile: 'ca.pem' },
    station: { id: 'station_00000001', name: 'Counter 1', keyFile: 'station.key' },
    dataFolder: 'data',
    readers: { kind: 'virtual', module: join(ROOT, 'test/fakes/card/virtual-card.ts'), folder: 'readers' },
    rendererFolder: 'screen',
    cardTable: join(ROOT, 'resources/cards'),
    ...more,
  }
  writeFileSync(join(folder, 'desk.json'), JSON.stringify(config))
  return join(folder, 'desk.json')
}

/** Starts the desk as a process and gives its first line. */
async function start(config: string): Promise<{ line: Record<string, unknown>; ended: Promise<number | null> }> {
  const mine = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    join(ROOT, 'main/browser.ts'),
    '--config',
    config,
  ])
  child = mine
  const ended = once(mine, 'exit').then(([code]) => code as number | null)
  const line = await new Promise<string>((done) => {
    createInterface({ input: mine.stdout }).once('line', done)
    createInterface({ input: mine.stderr }).once('line', done)
  })
  return { line: JSON.parse(line) as Record<string, unknown>, ended }
}

beforeEach(() => {
  child = null
})
afterEach(async () => {
  child?.kill('SIGKILL')
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('when the desk runs as a process', () => {
  it('serves its screen once, shows readers and server, and ends cleanly', async () => {
    const { line, ended } = await start(await writeConfig())
    expect(line['ready']).toBe(true)
    const url = new URL(String(line['url']))
    const token = url.hash.slice('#token='.length)
    const answer = await fetch(`${url.origin}/bridge/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url.origin },
      body: JSON.stringify({ token }),
    })
    const { secret } = (await answer.json()) as { secret: string }
    const socket = new WebSocket(`ws://${url.host}/bridge/socket`, ['countersign.bridge.v1', `secret.${secret}`], {
      origin: url.origin,
    })
    const next = async () => JSON.parse(String((await once(socket, 'message'))[0])) as Record<string, unknown>
    const ask = async (call: string, input: unknown = {}) => {
      const id = Math.floor(Math.random() * 1e9)
      socket.send(JSON.stringify({ id, call, input }))
      for (;;) {
        const frame = (await next()) as { id?: number; result: { ok: boolean; value: unknown } }
        if (frame.id === id) return frame.result
      }
    }
    expect(await next()).toEqual({ ready: true })
    await expect
      .poll(async () => (await ask('readers.list')).value, { timeout: 8_000 })
      .toMatchObject([
        { name: 'Virtual 1', state: 'blank', card: { blank: true } },
        { name: 'Virtual 2', state: 'empty' },
      ])
    await expect
      .poll(async () => (await ask('connection.state')).value)
      .toMatchObject({ server: 'online', keys: 'software', cardService: 'running' })
    expect(await ask('app.info')).toMatchObject({ value: { demo: true, host: 'browser' } })
    expect(await ask('diagnostics.report')).toMatchObject({ ok: true })
    socket.close()
    child!.kill('SIGTERM')
    expect(await ended).toBe(0)
    const log = readFileSync(join(folder, 'data/logs/desk.log'), 'utf8')
    expect(log).toContain('"event":"desk.started"')
    expect(log).toContain('"event":"desk.closed"')
    expect(log).not.toContain(token)
    expect(log).not.toContain(secret)
  })

  it('starts without a server, and says that it is out of reach', async () => {
    const { line } = await start(
      await writeConfig({ server: { url: 'https://127.0.0.1:1', name: 'test', caFile: 'ca.pem' } }),
    )
    expect(line['ready']).toBe(true)
  })

  it.each([
    ['an unknown key', { colour: 'red' }, { field: 'colour' }],
    ['plain http', { server: { url: 'http://127.0.0.1:1', name: 'x', caFile: 'ca.pem' } }, { field: 'server.url' }],
    [
      'no trust anchor',
      { server: { url: 'https://127.0.0.1:1', name: 'x', caFile: 'none.pem' } },
      { field: 'server.caFile' },
    ],
  ])('refuses %s in one line', async (_what, more, detail) => {
    const { line, ended } = await start(await writeConfig(more))
    expect(line).toMatchObject({ ready: false, code: 'CONFIG_INVALID', detail })
    expect(await ended).toBe(1)
  })

  it.skipIf(process.platform === 'win32')('refuses a station key that others may read', async () => {
    const config = await writeConfig()
    chmodSync(join(folder, 'station.key'), 0o644)
    const { line } = await start(config)
    expect(line).toMatchObject({ code: 'CONFIG_INVALID', detail: { reason: 'readable-by-others' } })
  })
})
