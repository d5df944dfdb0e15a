// `npm run package`: builds, then electron-builder. Says in one sentence why where the Electron binary cannot be had.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, node24, ROOT, toolEnvironment } from './setup.mjs'

const HELP = `npm run package -- [options of electron-builder]

Builds the desk and packs it for this system (release/). Options go to electron-builder, for example:
  --dir            an unpacked folder only
  --linux deb      one target only`

const args = process.argv.slice(2)
if (args.includes('--help')) {
  console.log(HELP)
} else {
  try {
    ensureInstalled()
    ensureBuilt()
    if (!existsSync(join(ROOT, 'node_modules/electron/dist')) && !args.some((a) => a.includes('electronDist')))
      fetchElectron()
    const builder = join(ROOT, 'node_modules/electron-builder/cli.js')
    const run = spawnSync(node24(), [builder, '--config', 'electron-builder.yml', '--publish', 'never', ...args], {
      cwd: ROOT,
      env: toolEnvironment(),
      stdio: 'inherit',
    })
    process.exitCode = run.status ?? 1
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}

/** The electron package brings no binary; its installer fetches one. */
function fetchElectron() {
  const run = spawnSync(node24(), [join(ROOT, 'node_modules/electron/install.js')], {
    cwd: ROOT,
    env: toolEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 180_000,
  })
  if (run.status === 0 && existsSync(join(ROOT, 'node_modules/electron/dist'))) return
  throw new Error(
    "The Electron binary could not be fetched from here, so no package was made. Run this where Electron's downloads can be reached, or unpack the Electron release of the version in package.json and pass --config.electronDist=FOLDER. What was built is in out/.",
  )
}
