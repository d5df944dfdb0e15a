import { EventEmitter } from 'node:events'
import { type Mock, vi } from 'vitest'

/**
 * A stand-in for the few parts of Electron the desk uses. It does nothing but remember: what windows were made with, who
 * listens to what, which answers a handler gives. Tests put it in Electron's place with `vi.mock('electron', …)`.
 */
type Handler = (...args: unknown[]) => unknown

export class FakeFrame {
  origin = 'app://desk'
  url = 'app://desk/index.html'
}
export class FakeWebContents extends EventEmitter {
  readonly mainFrame = new FakeFrame()
  readonly sent: { channel: string; value: unknown }[] = []
  openHandler: Handler = () => ({ action: 'allow' })
  isGone = false
  readonly session = session.defaultSession
  setWindowOpenHandler(handler: Handler): void {
    this.openHandler = handler
  }
  send(channel: string, value: unknown): void {
    this.sent.push({ channel, value })
  }
  isDestroyed(): boolean {
    return this.isGone
  }
}

class FakeSession {
  permissionRequest: Handler | null = null
  permissionCheck: Handler | null = null
  devicePermission: Handler | null = null
  beforeRequest: Handler | null = null
  readonly schemes = new Map<string, (request: Request) => Promise<Response>>()
  readonly protocol = {
    handle: (scheme: string, handler: (request: Request) => Promise<Response>) =>
      void this.schemes.set(scheme, handler),
  }
  readonly webRequest = { onBeforeRequest: (handler: Handler) => void (this.beforeRequest = handler) }
  setPermissionRequestHandler(handler: Handler): void {
    this.permissionRequest = handler
  }
  setPermissionCheckHandler(handler: Handler): void {
    this.permissionCheck = handler
  }
  setDevicePermissionHandler(handler: Handler): void {
    this.devicePermission = handler
  }
}
export const session = { defaultSession: new FakeSession() }

class FakeApp extends EventEmitter {
  isPackaged = false
  hasLock = true
  readonly switches: [string, string | undefined][] = []
  readonly commandLine = { appendSwitch: (name: string, value?: string) => void this.switches.push([name, value]) }
  readonly quit: Mock = vi.fn()
  readonly exit: Mock = vi.fn()
  userData = ''
  requestSingleInstanceLock(): boolean {
    return this.hasLock
  }
  async whenReady(): Promise<void> {
    record('ready')
  }
  getPath(_name: string): string {
    return this.userData
  }
  getVersion(): string {
    return '0.0.0-test'
  }
}
export const app = new FakeApp()

/** What happened in which order, where order is the point. */
export const order: string[] = []
const record = (what: string) => void order.push(what)

export const privileged: { scheme: string; privileges: Record<string, boolean> }[] = []
export const protocol = {
  registerSchemesAsPrivileged: (schemes: typeof privileged) => {
    record('privileged')
    privileged.push(...schemes)
  },
}

export class BrowserWindow extends EventEmitter {
  static readonly made: BrowserWindow[] = []
  readonly webContents: FakeWebContents
  readonly options: Record<string, unknown> & { webPreferences: Record<string, unknown> }
  readonly loaded: string[] = []
  isShown = false
  readonly focus: Mock = vi.fn()
  readonly restore: Mock = vi.fn()
  constructor(options: BrowserWindow['options']) {
    super()
    record('window')
    this.options = options
    this.webContents = new FakeWebContents()
    app.emit('web-contents-created', {}, this.webContents)
    BrowserWindow.made.push(this)
  }
  show(): void {
    this.isShown = true
  }
  async loadURL(url: string): Promise<void> {
    this.loaded.push(url)
  }
}

export const ipcMain = {
  handlers: new Map<string, Handler>(),
  handle: (channel: string, handler: Handler) => void ipcMain.handlers.set(channel, handler),
  removeHandler: (channel: string) => void ipcMain.handlers.delete(channel),
}

export const dialog: { showErrorBox: Mock } = { showErrorBox: vi.fn() }

export const safeStorage = {
  available: true,
  backend: 'gnome_libsecret',
  isEncryptionAvailable: () => safeStorage.available,
  getSelectedStorageBackend: () => safeStorage.backend,
  encryptString: (text: string) => Buffer.from(text).map((byte) => byte ^ 0x5a),
  decryptString: (bytes: Uint8Array) => Buffer.from(bytes.map((byte) => byte ^ 0x5a)).toString(),
}

export class FakeUtilityProcess extends EventEmitter {
  pid: number | undefined = undefined
  readonly posted: unknown[] = []
  readonly kill: Mock = vi.fn()
  postMessage(message: unknown): void {
    this.posted.push(message)
  }
}
export const utilityProcess = {
  forked: [] as { entry: string; args: unknown; options: unknown; child: FakeUtilityProcess }[],
  fork: (entry: string, args: unknown, options: unknown) => {
    const child = new FakeUtilityProcess()
    utilityProcess.forked.push({ entry, args, options, child })
    return child
  },
}

/** The preload's side. */
export const exposed = new Map<string, unknown>()
export const contextBridge = { exposeInMainWorld: (name: string, value: unknown) => void exposed.set(name, value) }
class FakeIpcRenderer extends EventEmitter {
  readonly invoke: Mock = vi.fn(async (..._args: unknown[]): Promise<unknown> => ({ ok: true, value: null }))
}
export const ipcRenderer = new FakeIpcRenderer()

/** As a fresh process finds it. */
export function resetElectron(): void {
  app.removeAllListeners()
  app.quit.mockReset()
  app.exit.mockReset()
  dialog.showErrorBox.mockReset()
  Object.assign(app, { isPackaged: false, hasLock: true })
  Object.assign(safeStorage, { available: true, backend: 'gnome_libsecret' })
  for (const list of [order, privileged, BrowserWindow.made, utilityProcess.forked, app.switches]) list.length = 0
  ipcMain.handlers.clear()
  session.defaultSession.schemes.clear()
  ipcRenderer.removeAllListeners()
  ipcRenderer.invoke.mockClear()
}
