import { BrowserWindow, type BrowserWindowConstructorOptions } from 'electron'
import type { Log } from '../services/ports.ts'
import { APP_PAGE } from './app-protocol.ts'

const RELOADS_MAX = 3
const RELOADS_WITHIN_MS = 60_000

export const windowOptions = (preload: string): BrowserWindowConstructorOptions => ({
  width: 1280,
  height: 800,
  minWidth: 1024,
  minHeight: 700,
  show: false,
  autoHideMenuBar: true,
  title: 'Countersign',
  webPreferences: {
    preload,
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    // The one plug-in there is: the engine's PDF viewer, for the receipt.
    plugins: true,
    navigateOnDragDrop: false,
    spellcheck: false,
    enableBlinkFeatures: '',
    devTools: false,
  },
})

/**
 * Makes the desk's one window, hidden until it has something to show. A page that crashes is loaded again; one that
 * crashes over and over is given up (`onGivenUp`): the session is in this process, so that nothing is lost but time.
 */
export function makeWindow(preload: string, log: Log, onGivenUp: () => void): BrowserWindow {
  const window = new BrowserWindow(windowOptions(preload))
  const crashes: number[] = []
  window.once('ready-to-show', () => window.show())
  window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    log.error('window.crashed', { reason, exitCode })
    if (reason === 'clean-exit') return
    const now = Date.now()
    crashes.push(now)
    if (crashes.filter((at) => now - at < RELOADS_WITHIN_MS).length > RELOADS_MAX) onGivenUp()
    else load(window, log)
  })
  window.on('unresponsive', () => log.warn('window.unresponsive'))
  load(window, log)
  return window
}

function load(window: BrowserWindow, log: Log): void {
  window.loadURL(APP_PAGE).catch((error: unknown) => log.error('window.not-loaded', { error }))
}
