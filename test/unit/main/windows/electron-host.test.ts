import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as electron from '../../../fakes/electron/electron.ts'
import { makeDesk, memoryLog, type TestDesk } from '../../../fakes/desk/desk.ts'

const stand = vi.hoisted(() => ({ in: null as unknown }))
vi.mock('electron', () => ({ ...(stand.in as object) }))
stand.in = electron
const composed = vi.hoisted(() => ({
  desk: null as unknown,
  host: null as unknown,
  config: null as unknown,
  fails: null as unknown,
}))
vi.mock('../../../../main/compose.ts', async (real) => ({
  ...(await real<object>()),
  composeDesk: async (config: unknown, host: unknown) => {
    if (composed.fails !== null) throw composed.fails
    Object.assign(composed, { config, host })
    return composed.desk
  },
}))

let t: TestDesk
let folder: string
beforeEach(async () => {
  electron.resetElectron()
  vi.resetModules()
  t = await makeDesk()
  Object.assign(composed, { desk: t.desk, fails: null })
  folder = mkdtempSync(join(tmpdir(), 'electron-'))
  electron.app.userData = folder
  mkdirSync(join(folder, 'screen'))
  writeFileSync(join(folder, 'screen/index.html'), '<html><head></head></html>')
  writeConfig({})
})
const WATCHED = ['uncaughtException', 'unhandledRejection'] as const
const before = new Set<unknown>(WATCHED.flatMap((event) => process.listeners(event as 'uncaughtException')))
afterEach(async () => {
  // A started desk watches for crashes of its process, which here is the runner's.
  for (const event of WATCHED)
    for (const listener of process.listeners(event as 'uncaughtException'))
      if (!before.has(listener)) process.off(event, listener)
  await t.end()
  rmSync(folder, { recursive: true, force: true })
})
function writeConfig(more: object): void {
  const config = {
    server: { url: 'https://127.0.0.1:1', name: 's', caFile: 'ca.pem' },
    station: { id: 'station_00000001', name: 'Counter', keyFile: 'k' },
    dataFolder: 'data',
    readers: { kind: 'pcsc' },
    ...more,
  }
  writeFileSync(join(folder, 'desk.json'), JSON.stringify(config))
}
async function start(): Promise<electron.BrowserWindow> {
  await import('../../../../main/index.ts')
  await expect
    .poll(
      () =>
        electron.BrowserWindow.made.length + electron.app.exit.mock.calls.length + electron.app.quit.mock.calls.length,
    )
    .toBeGreaterThan(0)
  await new Promise((resolve) => setImmediate(resolve))
  return electron.BrowserWindow.made[0]!
}
const prevented = (
  emit: (event: { preventDefault: () => void; url: string; isMainFrame: boolean }) => void,
  url: string,
  isMainFrame = true,
) => {
  const preventDefault = vi.fn()
  emit({ preventDefault, url, isMainFrame })
  return preventDefault.mock.calls.length === 1
}

describe('when the desk starts in Electron', () => {
  it('declares its scheme before it is ready, and closes everything before there is a window', async () => {
    await start()
    expect(electron.order).toEqual(['privileged', 'ready', 'window'])
    expect(electron.privileged).toEqual([
      { scheme: 'app', privileges: expect.objectContaining({ standard: true, secure: true }) as object },
    ])
    expect(electron.session.defaultSession.permissionRequest).not.toBeNull()
  })
  it('gives its window an isolated, sandboxed page without Node', async () => {
    const window = await start()
    expect(window.options.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      devTools: false,
    })
    expect(String(window.options.webPreferences['preload'])).toMatch(/preload[\\/]index\.cjs$/)
    expect(window.loaded).toEqual(['app://desk/index.html'])
    expect(window.isShown).toBe(false)
    window.emit('ready-to-show')
    expect(window.isShown).toBe(true)
  })
  it('runs the card worker as a utility process that can be killed for good', async () => {
    await start()
    const { utilityWorker } = await import('../../../../main/windows/card-worker.ts')
    const handle = utilityWorker('/app/card-worker.js')()
    const { entry, child } = electron.utilityProcess.forked[0]!
    expect(entry).toBe('/app/card-worker.js')
    const got: unknown[] = []
    handle.onMessage((message) => got.push(message))
    child.emit('message', { type: 'x' })
    expect(got).toEqual([{ type: 'x' }])
    handle.post({ type: 'close' })
    expect(child.posted).toEqual([{ type: 'close' }])
    handle.kill()
    expect(child.kill).toHaveBeenCalled()
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true)
    child.pid = 4711
    handle.kill()
    expect(kill).toHaveBeenCalledWith(4711, 'SIGKILL')
    kill.mockRestore()
  })
  it('takes the configuration named on the command line', async () => {
    const { findPlaces } = await import('../../../../main/windows/places.ts')
    const places = (argv: string[]) => findPlaces(electron.app as never, '/app/out/main', argv)
    expect(places(['electron', '--no-sandbox', '.', '--config', '/x/desk.json']).config).toBe('/x/desk.json')
    expect(places(['electron', '.', '--config=/x/desk.json']).config).toBe('/x/desk.json')
    expect(places(['countersign'])).toMatchObject({
      config: join(folder, 'desk.json'),
      rendererFolder: join('/app/out/renderer'),
    })
  })
  it('is one instance: a second one quits, the first is shown', async () => {
    electron.app.hasLock = false
    await import('../../../../main/index.ts')
    expect(electron.app.quit).toHaveBeenCalled()
    expect(electron.BrowserWindow.made).toHaveLength(0)
    electron.resetElectron()
    vi.resetModules()
    const window = await start()
    electron.app.emit('second-instance')
    expect(window.focus).toHaveBeenCalled()
  })
  it('says why it cannot start, with a code, and ends', async () => {
    const { AppError } = await import('../../../../shared/contract/errors.ts')
    composed.fails = new AppError('STORE_UNREADABLE', { reason: 'newer' })
    await start()
    await expect.poll(() => electron.app.exit.mock.calls).toEqual([[1]])
    expect(electron.dialog.showErrorBox.mock.calls[0]![1]).toContain('STORE_UNREADABLE')
  })
  it('refuses a wrong configuration', async () => {
    writeConfig({ colour: 'red' })
    await start()
    expect(electron.app.exit).toHaveBeenCalledWith(1)
    expect(electron.BrowserWindow.made).toHaveLength(0)
  })
  it('sets the language before it is ready', async () => {
    writeConfig({ language: 'it' })
    await start()
    expect(electron.app.switches).toEqual([['lang', 'it']])
  })
  it('closes the desk before it ends', async () => {
    await start()
    const preventDefault = vi.fn()
    electron.app.emit('will-quit', { preventDefault })
    expect(preventDefault).toHaveBeenCalled()
    await expect.poll(() => electron.app.exit.mock.calls).toEqual([[0]])
    expect(t.cards.isClosed).toBe(true)
  })
})

describe('when the page tries to get out', () => {
  it.each(['https://evil.example/', 'file:///etc/passwd', 'app://desk/other', 'javascript:alert(1)', 'not a url'])(
    'refuses to go to %s',
    async (url) => {
      const { webContents } = await start()
      expect(prevented((event) => webContents.emit('will-navigate', event), url)).toBe(true)
      expect(prevented((event) => webContents.emit('will-redirect', event), url)).toBe(true)
      expect(prevented((event) => webContents.emit('will-frame-navigate', event), url, false)).toBe(true)
      expect(webContents.openHandler({ url })).toEqual({ action: 'deny' })
    },
  )
  it('refuses webviews, and lets only a receipt from memory into a frame', async () => {
    const { webContents } = await start()
    expect(prevented((event) => webContents.emit('will-attach-webview', event), '')).toBe(true)
    expect(prevented((event) => webContents.emit('will-frame-navigate', event), 'blob:app://desk/1', false)).toBe(false)
    expect(prevented((event) => webContents.emit('will-frame-navigate', event), 'blob:app://desk/1', true)).toBe(true)
    const viewer = 'chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/index.html'
    expect(prevented((event) => webContents.emit('will-frame-navigate', event), viewer, false)).toBe(false)
    expect(prevented((event) => webContents.emit('will-frame-navigate', event), viewer, true)).toBe(true)
    const other = 'chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/index.html'
    expect(prevented((event) => webContents.emit('will-frame-navigate', event), other, false)).toBe(true)
  })
  it('refuses every permission and device', async () => {
    await start()
    const { permissionRequest, permissionCheck, devicePermission } = electron.session.defaultSession
    for (const permission of [
      'media',
      'geolocation',
      'clipboard-read',
      'openExternal',
      'hid',
      'usb',
      'notifications',
    ]) {
      const answer = vi.fn()
      permissionRequest!({}, permission, answer, { requestingUrl: 'app://desk/index.html' })
      expect(answer).toHaveBeenCalledWith(false)
      expect(permissionCheck!({}, permission, 'app://desk/')).toBe(false)
    }
    expect(devicePermission!({})).toBe(false)
  })
  it.each([
    ['app://desk/index.html', true],
    ['app://desk', true],
    ['app://desk.evil/', false],
    ['https://evil.example/app://desk/', false],
    ['', false],
  ])('lets %s write the clipboard: %s', async (url, isAllowed) => {
    await start()
    const { permissionRequest, permissionCheck } = electron.session.defaultSession
    const answer = vi.fn()
    permissionRequest!({}, 'clipboard-sanitized-write', answer, { requestingUrl: url })
    expect(answer).toHaveBeenCalledWith(isAllowed)
    expect(permissionCheck!({}, 'clipboard-sanitized-write', url)).toBe(isAllowed)
  })
  it.each([
    ['https://evil.example/x', true],
    ['http://127.0.0.1:8080/', true],
    ['chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x.js', true],
    ['chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/main.js', false],
    ['file:///etc/passwd', true],
    ['ws://127.0.0.1/', true],
    ['app://desk/assets/a.js', false],
    ['blob:app://desk/1', false],
  ])('asks no network: %s', async (url, cancel) => {
    await start()
    const answer = vi.fn()
    electron.session.defaultSession.beforeRequest!({ url }, answer)
    expect(answer).toHaveBeenCalledWith({ cancel })
  })
})

describe('when the page is served', () => {
  const get = async (url: string, method = 'GET') => {
    const { serveScheme } = await import('../../../../main/windows/app-protocol.ts')
    serveScheme(electron.session.defaultSession as never, join(folder, 'screen'))
    return electron.session.defaultSession.schemes.get('app')!(new Request(url, { method }))
  }
  it('comes with a strict policy', async () => {
    const answer = await get('app://desk/index.html')
    expect(answer.status).toBe(200)
    const policy = answer.headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("connect-src 'self';")
    expect(policy).not.toMatch(/script-src[^;]*unsafe/)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })
  it.each(['app://other/index.html', 'app://desk/../desk.json', 'app://desk/none.js', 'app://desk/%2e%2e/desk.json'])(
    'refuses %s',
    async (url) => {
      expect((await get(url)).status).toBe(404)
    },
  )
})

describe('when the page calls', () => {
  const call = (event: object, name: unknown = 'session.state', input: unknown = {}) =>
    electron.ipcMain.handlers.get('desk.call')!(event, name, input) as Promise<{
      ok: boolean
      error?: { code: string }
    }>
  it('answers the main frame of its window', async () => {
    const { webContents } = await start()
    expect(await call({ sender: webContents, senderFrame: webContents.mainFrame })).toEqual({
      ok: true,
      value: { status: 'signed-out' },
    })
    expect(await call({ sender: webContents, senderFrame: webContents.mainFrame }, 'no.such')).toMatchObject({
      error: { code: 'REQUEST_INVALID' },
    })
  })
  it.each([
    ['another frame', (c: electron.FakeWebContents) => ({ sender: c, senderFrame: new electron.FakeFrame() })],
    ['no frame', (c: electron.FakeWebContents) => ({ sender: c, senderFrame: null })],
    [
      'another page',
      (c: electron.FakeWebContents) => ({ sender: new electron.FakeWebContents(), senderFrame: c.mainFrame }),
    ],
    [
      'our frame led elsewhere',
      (c: electron.FakeWebContents) => ({
        sender: c,
        senderFrame: Object.assign(c.mainFrame, { origin: 'https://evil.example' }),
      }),
    ],
  ])('refuses %s', async (_what, make) => {
    const { webContents } = await start()
    expect(await call(make(webContents))).toMatchObject({ ok: false, error: { code: 'ACCESS_DENIED' } })
  })
  it('tells events while the window lives, and stops with it', async () => {
    const window = await start()
    t.cards.insert('Reader B', null)
    expect(window.webContents.sent.at(-1)).toMatchObject({ channel: 'desk.event.readers' })
    const count = window.webContents.sent.length
    window.webContents.isGone = true
    t.cards.insert('Reader B', null)
    window.emit('closed')
    window.webContents.isGone = false
    t.cards.insert('Reader B', null)
    expect(window.webContents.sent).toHaveLength(count)
    expect(electron.ipcMain.handlers.size).toBe(0)
  })
})

describe('when the page crashes', () => {
  it('loads it again, and gives up when it keeps crashing', async () => {
    const window = await start()
    for (let i = 0; i < 3; i++) window.webContents.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 5 })
    expect(window.loaded).toHaveLength(4)
    expect(electron.app.quit).not.toHaveBeenCalled()
    window.webContents.emit('render-process-gone', {}, { reason: 'oom', exitCode: 5 })
    expect(electron.app.quit).toHaveBeenCalled()
  })
})

describe('the store key', () => {
  it('is sealed by the login where the system can, and read back either way', async () => {
    const { loginSeal } = await import('../../../../main/system/safe-seal.ts')
    const key = new Uint8Array(32).fill(9)
    const seal = loginSeal(memoryLog())
    const kept = seal.seal(key)
    expect(Buffer.from(kept).includes(Buffer.from(key))).toBe(false)
    expect(Buffer.from(seal.open(kept))).toEqual(Buffer.from(key))
    expect(Buffer.from(seal.open(key))).toEqual(Buffer.from(key))
  })
  it.skipIf(process.platform !== 'linux')(
    'is kept plainly, and the log says so, where there is no real place for it',
    async () => {
      electron.safeStorage.backend = 'basic_text'
      const { loginSeal } = await import('../../../../main/system/safe-seal.ts')
      const log = memoryLog()
      const key = new Uint8Array(32).fill(9)
      expect(loginSeal(log).seal(key)).toEqual(key)
      expect(log.lines[0]?.event).toBe('store.key-not-sealed')
    },
  )
})
