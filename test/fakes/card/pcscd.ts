import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as pause } from 'node:timers/promises'
import { missingParts } from './missing-parts.ts'
import { VpcdProcess } from './vpcd-process.ts'

const DRIVER = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so'
const START_MS = 10_000

export interface PrivatePcscd {
  /** What a process needs in its environment to speak to this pcscd instead of the system's. */
  readonly env: Readonly<Record<string, string>>
  /** The two readers, as PC/SC names them. */
  readonly readers: readonly [string, string]
  /** The card in each reader. */
  readonly cards: readonly [VpcdProcess, VpcdProcess]
  /** True where the shim could be built: without it each APDU takes 40 ms more. */
  readonly fast: boolean
  /** Runs a program against this pcscd; never rejects for its exit code. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>
  /** Kills pcscd and starts it again on the same socket, as a service restart does. Cards are out afterwards. */
  restart(): Promise<void>
  /** Kills pcscd; the socket stays dead. */
  kill(): Promise<void>
  stop(): Promise<void>
}
export interface RunOptions {
  input?: string | Buffer
  env?: Readonly<Record<string, string>>
  timeoutMs?: number
}
export interface RunResult {
  code: number | null
  stdout: string
  stderr: string
}

/**
 * A pcscd of the test's own with two virtual readers, beside whatever the machine runs: its run folder is mounted
 * over in a mount namespace of that one process, and clients find its socket by PCSCLITE_CSOCK_NAME. Needs the
 * packages of `missingParts()` and the right to make a namespace (root, or unprivileged user namespaces).
 * `firstPort` and the one after it must be free; several run side by side on different ports.
 */
export async function startPcscd(firstPort = randomInt(20_000, 30_000)): Promise<PrivatePcscd> {
  // The driver opens its two slots on the port of its configuration and the next one.
  const ports = [firstPort, firstPort + 1] as const
  const missing = missingParts()
  if (missing.length > 0) throw new Error(`missing packages: ${missing.join(' ')}`)
  const folder = mkdtempSync(join(tmpdir(), 'countersign-pcscd-'))
  const runFolder = join(folder, 'run')
  mkdirSync(runFolder)
  const configFolder = join(folder, 'conf')
  mkdirSync(configFolder)
  const hex = `0x${firstPort.toString(16).toUpperCase()}`
  const lines = [`FRIENDLYNAME "Virtual PCD"`, `DEVICENAME /dev/null:${hex}`, `LIBPATH ${DRIVER}`, `CHANNELID ${hex}`]
  writeFileSync(join(configFolder, 'vpcd'), `${lines.join('\n')}\n`)
  const shim = buildShim(folder)
  let daemon = await startDaemon(runFolder, configFolder, shim, ports)
  const env = { PCSCLITE_CSOCK_NAME: join(runFolder, 'pcscd.comm') }
  const cards = await Promise.all(ports.map((port) => VpcdProcess.start(port)))
  const [first, second] = cards
  if (first === undefined || second === undefined) throw new Error('no card process')
  return {
    env,
    readers: ['Virtual PCD 00 00', 'Virtual PCD 00 01'],
    cards: [first, second],
    fast: shim !== null,
    run: (program, args, options = {}) => run(program, args, { ...options, env: { ...env, ...options.env } }),
    restart: async () => {
      await killDaemon(daemon)
      daemon = await startDaemon(runFolder, configFolder, shim, ports)
    },
    kill: () => killDaemon(daemon),
    stop: async () => {
      await Promise.all(cards.map((card) => card.stop()))
      await killDaemon(daemon)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Built with the machine's compiler; null where there is none. */
function buildShim(folder: string): string | null {
  const source = fileURLToPath(new URL('./nodelay.c', import.meta.url))
  const library = join(folder, 'nodelay.so')
  const built = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'])
  return built.status === 0 ? library : null
}

/** Ends with the test that started it, even when that is killed. */
const IN_NAMESPACE = `
mount -t tmpfs tmpfs /run && mkdir /run/pcscd && mount --bind "$1" /run/pcscd || exit 90
[ -z "$3" ] || export LD_PRELOAD="$3"
exec setpriv --pdeathsig KILL /usr/sbin/pcscd --foreground --config "$2"`

async function startDaemon(
  runFolder: string,
  configFolder: string,
  shim: string | null,
  ports: readonly [number, number],
): Promise<ChildProcess> {
  for (const name of ['pcscd.comm', 'pcscd.pid']) rmSync(join(runFolder, name), { force: true })
  const user = process.getuid?.() === 0 ? [] : ['--map-root-user']
  const args = ['--mount', ...user, 'sh', '-c', IN_NAMESPACE, 'pcscd', runFolder, configFolder, shim ?? '']
  const daemon = spawn('unshare', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  daemon.stderr.on('data', (data: Buffer) => (errors += data.toString()))
  const end = Date.now() + START_MS
  while (!(existsSync(join(runFolder, 'pcscd.comm')) && (await listens(ports[0])) && (await listens(ports[1])))) {
    if (daemon.exitCode !== null || Date.now() > end) {
      await killDaemon(daemon)
      throw new Error(`pcscd did not start: ${errors}`)
    }
    await pause(50)
  }
  return daemon
}

async function killDaemon(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return
  const gone = once(daemon, 'exit')
  daemon.kill('SIGKILL')
  await gone
}

/** True when something accepts on the port. The reader takes the short connection for a card that came and went. */
async function listens(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  const open = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  socket.destroy()
  return open
}

function run(program: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env }
    const settings = { env, timeout: options.timeoutMs ?? 30_000, killSignal: 'SIGKILL' as const, maxBuffer: 1 << 24 }
    const child = execFile(program, [...args], settings, (error, stdout, stderr) => {
      if (error !== null && error.code === 'ENOENT') reject(error)
      else resolve({ code: child.exitCode, stdout, stderr })
    })
    // A program that ends without reading its input is no failure of the test.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input ?? '')
  })
}
