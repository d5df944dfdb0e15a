// `npm start`: set-up with whatever Node is here, then the launcher on Node 24.
import { spawn } from 'node:child_process'
import module from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt, ensureInstalled, node24, ROOT, toolEnvironment } from './setup.mjs'

const HELP = `Countersign, the registration desk.

npm start                 server, two virtual card readers and the desk, on this machine
npm start -- [options]

  --headless              open no window; print the one-time link
  --check                 do the whole main job unattended on an instance of its own, then stop
  --data DIR              where the demonstration instance lives (default .countersign)
  --port N                port of the server (default: chosen once, then kept)
  --pcsc                  use the card readers of this machine instead of the virtual ones
  --browser               a Chromium window even where Electron is there
  --software-keys         keep keys in the software store even where SoftHSM2 is there
  --dev                   reload screens and restart the server when their source changes
  --help                  this list

Ctrl-C stops everything it started. While it runs, type "help" for what can be done with the virtual cards.`

const args = process.argv.slice(2)
if (args.includes('--help') || args.includes('-h')) {
  console.log(HELP)
} else {
  try {
    ensureInstalled()
    ensureBuilt()
    await launch()
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}

/** Built, but where sources are watched: a program that was changed must not run as it was built. */
function launcher() {
  return join(ROOT, args.includes('--dev') ? 'main/launch/launch.ts' : 'out/programs/launch.js')
}

/** In this process where it is the Node that npm delivered (as in every npm script once packages are there), else in one of it. */
async function launch() {
  if (Number(process.versions.node.split('.')[0]) >= 24) {
    module.enableCompileCache?.(toolEnvironment().NODE_COMPILE_CACHE)
    await import(pathToFileURL(launcher()).href)
    return
  }
  const command = ['--disable-warning=ExperimentalWarning', launcher(), ...args]
  const child = spawn(node24(), command, { stdio: 'inherit', env: toolEnvironment() })
  // The terminal sends Ctrl-C to the whole group; the launcher stops its children and ends, and so do we after it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM'))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal ? 1 : 0)
  })
}
