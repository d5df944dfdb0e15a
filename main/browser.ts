import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startCardWorker } from './cards/index.ts'
import { composeDesk, type DeskHost } from './compose.ts'
import { readConfig } from './config.ts'
import { startBrowserHost } from './ipc/browser-host.ts'
import { AppError } from '../shared/contract/index.ts'
import { plainSeal } from './store/crypto.ts'
import { endOnCrash } from './system/crash.ts'

const startCards: DeskHost['startCards'] = ({ readers, cardTable }, log) =>
  startCardWorker({ readers, cardTable, log: ({ code, cause }) => log.warn('cards.failed', { code, cause }) })

/**
 * The desk in a browser: `node main/browser.ts --config FILE`. Prints one JSON line, `{"ready":true,"url":…}`, when the
 * screen can be opened, and `{"link":…}` for each later one-time link. SIGTERM and SIGINT close it: signed out, cards
 * reset. Never part of a package.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' } } })
  if (values.config === undefined) throw new AppError('CONFIG_INVALID', { reason: 'no --config' })
  const config = readConfig(values.config)
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const desk = await composeDesk(config, { kind: 'browser', version, seal: plainSeal, startCards })
  const { rendererFolder } = config
  const print = (line: unknown) => console.log(JSON.stringify(line))
  const host = await startBrowserHost({ ...desk, rendererFolder, onLink: (link) => print({ link }) })
  const stop = () => {
    host
      .close()
      .then(() => desk.close())
      .then(() => process.exit(0))
      .catch((error: unknown) => {
        desk.log.error('desk.close-failed', { error })
        process.exit(1)
      })
  }
  endOnCrash(desk.log, desk.close, (code) => process.exit(code))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  print({ ready: true, url: host.url })
}

main().catch((error: unknown) => {
  const { code, detail } = error instanceof AppError ? error : { code: 'INTERNAL', detail: { reason: String(error) } }
  console.error(JSON.stringify({ ready: false, code, detail }))
  process.exit(1)
})
