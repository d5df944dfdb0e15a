import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { followCommands } from './console-commands.ts'
import { openDemo, type DemoInstance } from './demo.ts'
import { DEMO_OPERATORS } from './demo-operators.ts'
import { startDemoTime, type DemoTime } from './demo-time.ts'
import { parseOptions, type LaunchOptions } from './options.ts'
import { startProgram, stopProgram, type RunningProgram } from './processes.ts'
import { startServer } from './server.ts'
import { ROOT } from './setup.mjs'
import { findChromium, findElectron, hasDisplay, openChromium, openElectron } from './windows.ts'

/** Where it is built, this is what was built (bundle-programs.ts). */
const DESK = fileURLToPath(new URL('../browser.ts', import.meta.url))

/** The development launcher: `npm start` after set-up. Starts the server and a desk, and stops all of it when asked. */
async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), ROOT)
  if (options.check) return check(options)
  const instance = await openDemo(
    { folder: options.data!, port: options.port, softwareKeys: options.softwareKeys, pcsc: options.pcsc },
    console.log,
  )
  const stops: (() => unknown)[] = []
  let stopping = false
  const stop = async (code: number) => {
    if (stopping) return
    stopping = true
    for (const end of stops.toReversed()) await end()
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0))
  const run = (program: RunningProgram): RunningProgram => {
    stops.push(() => stopProgram(program))
    const tellEnd = async () => {
      const { code, signal } = await program.ended
      if (stopping) return
      console.error(
        `${program.name} ended (${signal ?? `exit code ${code}`}). Everything else is being stopped; start again to go on where it was.`,
      )
      await stop(1)
    }
    void tellEnd()
    return program
  }
  try {
    const electron = options.headless || options.browser || options.dev ? null : findElectron()
    const desk = () =>
      startProgram({
        name: 'The desk',
        script: DESK,
        args: ['--config', instance.deskConfig],
        onLine: tellLink,
      })
    // Loaded only when asked for: a start must not wait for what it does not use.
    const develop = options.dev ? await import('./develop.ts') : null
    if (develop !== null) stops.push(await develop.restartOnChange(instance))
    // Both at once: the desk waits for its server by itself, as it does when a network comes back.
    const [, browserDesk, time] = await Promise.all([
      options.dev ? null : startServer(instance).then(run),
      electron === null ? desk().then(run) : null,
      startDemoTime(instance.folder),
    ])
    if (time !== null && time.url !== null) stops.push(() => time.close())
    const ownLink = browserDesk === null ? null : String(browserDesk.ready['url'])
    const screens = develop !== null && ownLink !== null ? await develop.developScreens(ownLink) : null
    if (screens !== null) stops.push(screens.close)
    const link = screens?.url ?? ownLink
    const shown = openWindow(options, instance, electron, link)
    if (shown.close !== null) stops.push(shown.close)
    announce(instance, shown.text, options, time)
    followCommands(join(instance.folder, 'readers'), () => void stop(0))
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    await stop(1)
  }
}

/** The screen was closed: the desk goes on and may be opened again. */
function tellLink(line: Record<string, unknown>): void {
  if (typeof line['link'] === 'string') console.log(`The screen was closed. To open it again: ${line['link']}`)
}

interface Shown {
  text: string
  close: (() => void) | null
}

function openWindow(
  options: LaunchOptions,
  instance: DemoInstance,
  electron: string | null,
  link: string | null,
): Shown {
  if (electron !== null) return { text: 'in its Electron window', close: openElectron(electron, instance.deskConfig) }
  const chromium = options.headless || !hasDisplay() ? null : findChromium()
  if (chromium === null || link === null) return { text: `open this link, once: ${link}`, close: null }
  const child = openChromium(chromium, link, join(instance.folder, 'chromium'), keyPin(instance))
  return { text: `in a Chromium window (${link.replace(/#.*/, '')})`, close: () => child.kill() }
}

/** Base64 SHA-256 of the server key, so that the demonstration's window believes this server and no other. */
function keyPin(instance: DemoInstance): string {
  const certificate = new X509Certificate(readFileSync(join(instance.folder, 'server/tls.pem')))
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
}

/** What a reader of a time-stamp of this demonstration must know. */
function timeWords(time: DemoTime | null, instance: DemoInstance): string {
  if (time === null) return 'no authority in this instance: exports are signed at level B-B'
  if (time.url === null) return `the demo’s own authority does not run (${time.why}): exports are signed at level B-B`
  return `${time.url}   the demo’s own authority, not for production (its root: ${join(instance.folder, 'demo-time/root.pem')})`
}

function announce(instance: DemoInstance, desk: string, options: LaunchOptions, time: DemoTime | null): void {
  const keys =
    instance.keys === 'hsm' ? 'SoftHSM2 (PKCS#11)' : 'software key store: for development, not for production'
  const lines = [
    '',
    'Countersign is ready.',
    '',
    `  Server    ${instance.serverUrl}   keys: ${keys}`,
    `  Console   ${instance.serverUrl}/console/   (its certificate is signed by ${instance.caFile})`,
    `  Desk      ${desk}`,
    `  Time      ${timeWords(time, instance)}`,
    `  Instance  ${instance.folder}`,
    '',
    '  Operators, their cards and PINs:',
    ...DEMO_OPERATORS.map(
      ({ key, name, what, pin }) => `    ${name.padEnd(18)} ${what.padEnd(22)} card ${key.padEnd(10)} PIN ${pin}`,
    ),
    '',
    options.pcsc
      ? '  Readers: those of this machine.'
      : '  Reader 1 holds the officer\'s card, reader 2 a blank one. Change them on the screen, or type "help" here.',
    '  Ctrl-C stops everything.',
    '',
  ]
  console.log(lines.join('\n'))
}

async function check(options: LaunchOptions): Promise<void> {
  const { runCheck } = await import('./check.ts')
  const report = await runCheck(options, console.log)
  if (report.error !== undefined) console.error(`Stopped: ${report.error}`)
  console.log(JSON.stringify(report))
  process.exit(report.ok ? 0 : 1)
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
})
