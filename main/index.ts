import { app, dialog, session, type BrowserWindow } from 'electron'
import { AppError } from '../shared/contract/errors.ts'
import { startCardWorker } from './cards/index.ts'
import { composeDesk, type Desk } from './compose.ts'
import { readConfig } from './config.ts'
import { serveWindow } from './ipc/electron-host.ts'
import { endOnCrash } from './system/crash.ts'
import { loginSeal } from './system/safe-seal.ts'
import { closeNetwork, declareScheme, serveScheme } from './windows/app-protocol.ts'
import { utilityWorker } from './windows/card-worker.ts'
import { denyEscapes, denyPermissions } from './windows/deny.ts'
import { findPlaces } from './windows/places.ts'
import { makeWindow } from './windows/screen-window.ts'

/** Electron's entry: one instance, one desk, one window. `--config FILE`; default `desk.json` in the user's data folder. */
let desk: Desk | null = null
let window: BrowserWindow | null = null

async function start(): Promise<void> {
  const places = findPlaces(app, import.meta.dirname, process.argv)
  const config = readConfig(places.config, places)
  if (config.language !== undefined) app.commandLine.appendSwitch('lang', config.language)
  await app.whenReady()
  const launch = utilityWorker(places.cardWorker)
  desk = await composeDesk(config, {
    kind: 'electron',
    version: app.getVersion(),
    seal: loginSeal,
    startCards: ({ readers, cardTable }, log) =>
      startCardWorker({ readers, cardTable, launch, log: (event) => log.warn('cards.failed', event) }),
  })
  endOnCrash(desk.log, desk.close, (code) => app.exit(code))
  denyEscapes(app, desk.log)
  denyPermissions(session.defaultSession)
  closeNetwork(session.defaultSession)
  serveScheme(session.defaultSession, places.rendererFolder)
  window = makeWindow(places.preload, desk.log, () => app.quit())
  window.once('closed', serveWindow(window.webContents, desk))
}

function fail(error: unknown): void {
  const { code, detail } = error instanceof AppError ? error : { code: 'INTERNAL', detail: {} }
  desk?.log.error('desk.failed', { error })
  dialog.showErrorBox('Countersign cannot start', `${code} ${JSON.stringify(detail)}`)
  app.exit(1)
}

if (!app.requestSingleInstanceLock()) app.quit()
else {
  declareScheme()
  app.on('second-instance', () => (window?.restore(), window?.focus()))
  app.on('window-all-closed', () => app.quit())
  app.once('will-quit', (event) => {
    event.preventDefault()
    Promise.resolve(desk?.close()).then(() => app.exit(0), fail)
  })
  start().catch(fail)
}
