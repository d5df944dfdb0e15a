import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { App } from 'electron'
import type { Brought } from '../config.ts'

export interface Places extends Brought {
  config: string
  preload: string
  cardWorker: string
}

/** Where things lie around the built entry (`out/main`), in a package and in a source tree. */
export function findPlaces(app: App, folder: string, argv: readonly string[]): Places {
  const { values } = parseArgs({
    args: argv.slice(1),
    options: { config: { type: 'string' } },
    // Electron and Chromium have options of their own on the same line.
    strict: false,
  })
  const config = typeof values['config'] === 'string' ? values['config'] : join(app.getPath('userData'), 'desk.json')
  return {
    config,
    preload: join(folder, '../preload/index.cjs'),
    cardWorker: join(folder, 'card-worker.js'),
    rendererFolder: join(folder, '../renderer'),
    cardTable: app.isPackaged ? join(process.resourcesPath, 'cards') : join(folder, '../../resources/cards'),
  }
}
