import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { _electron, type ElectronApplication } from 'playwright-core'
import { startDemoTime, type DemoTime } from '../../../main/launch/demo-time.ts'
import { openDemo, type DemoInstance } from '../../../main/launch/demo.ts'
import { startProgram, stopProgram, type RunningProgram } from '../../../main/launch/processes.ts'
import { ROOT } from '../../../main/launch/setup.mjs'
import { findElectron } from '../../../main/launch/windows.ts'
import { readState, type CardState } from '../../fakes/card/card-state.ts'
import { descendantsOf } from './processes.ts'
import { startPcscReaders, virtualReaders, type Readers } from './readers.ts'
import { HOST } from './suite.ts'

export interface WorldOptions {
  /** `pcsc`: a private pcscd with vpcd readers; `virtual`: the readers inside the card worker. */
  cards: 'pcsc' | 'virtual'
  /** Changes the instance before its server runs. */
  prepare?(instance: DemoInstance): Promise<void>
}

/**
 * An installation of its own in a temporary folder: server, desk (the browser host), two readers. Programs are started,
 * killed and started again by the test; `stop` ends what is left, by process id, and removes the folder.
 */
export class World {
  readonly instance: DemoInstance
  readonly readers: Readers
  #server: RunningProgram | null = null
  #desk: RunningProgram | null = null
  #electron: ElectronApplication | null = null
  #link = ''
  #time: DemoTime | null = null

  private constructor(instance: DemoInstance, readers: Readers) {
    this.instance = instance
    this.readers = readers
  }

  static async start(options: WorldOptions): Promise<World> {
    for (const file of ['out/renderer/index.html', 'out/console/index.html'])
      if (!existsSync(join(ROOT, file))) throw new Error(`${file} is missing: run "npm run build" first`)
    const folder = join(mkdtempSync(join(tmpdir(), 'countersign-e2e-')), 'instance')
    const pcsc = options.cards === 'pcsc'
    const instance = await openDemo({ folder, port: null, softwareKeys: false, pcsc }, () => undefined)
    keepScreens(instance)
    await options.prepare?.(instance)
    const cards = join(folder, 'readers')
    const readers = pcsc
      ? await startPcscReaders((card) => join(cards, 'cards', `${card}.json`))
      : virtualReaders(cards)
    const world = new World(instance, readers)
    try {
      await readers.insert(0, 'officer')
      await readers.insert(1, 'blank-1')
      world.#time = await startDemoTime(folder)
      await Promise.all([world.startServer(), world.startDesk()])
      return world
    } catch (error) {
      await world.stop()
      throw error
    }
  }

  /** The newest one-time link of the desk; empty where Electron shows it. */
  get link(): string {
    return this.#link
  }
  get electron(): ElectronApplication | null {
    return this.#electron
  }

  async startServer(): Promise<void> {
    this.#server = await startProgram({
      name: 'The server',
      script: 'server/index.ts',
      args: ['--config', this.instance.serverConfig],
      logFile: join(this.instance.folder, 'server/server.log'),
    })
  }
  stopServer = () => this.#end(this.#server)
  killServer = () => kill(this.#server)

  async startDesk(): Promise<void> {
    if (HOST === 'electron') return this.#startElectron()
    const desk = await startProgram({
      name: 'The desk',
      script: 'main/browser.ts',
      args: ['--config', this.instance.deskConfig],
      env: { ...this.readers.env },
      logFile: join(this.instance.folder, 'desk/desk.log'),
    })
    this.#desk = desk
    this.#link = String(desk.ready['url'])
    createInterface({ input: desk.child.stdout! }).on('line', (line) => {
      const { link } = line.startsWith('{"link"') ? (JSON.parse(line) as { link: string }) : { link: null }
      if (link !== null) this.#link = link
    })
  }
  async #startElectron(): Promise<void> {
    const root = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    this.#electron = await _electron.launch({
      executablePath: findElectron()!,
      args: [...root, ROOT, '--config', this.instance.deskConfig],
      env: { ...(process.env as Record<string, string>), ...this.readers.env },
    })
  }
  async stopDesk(): Promise<void> {
    await this.#end(this.#desk)
    await this.#electron?.close()
    this.#desk = this.#electron = null
  }
  async killDesk(): Promise<void> {
    await kill(this.#desk)
    this.#electron?.process().kill('SIGKILL')
    this.#desk = this.#electron = null
  }

  /** Ends the card worker for good, in the middle of whatever it does. */
  killCardWorker(): void {
    const desk = this.#desk?.child.pid ?? this.#electron?.process().pid ?? 0
    const worker = descendantsOf(desk).find(({ command }) => /cards\/worker|card-worker/.test(command))
    if (worker === undefined) throw new Error('the desk has no card worker')
    process.kill(worker.pid, 'SIGKILL')
  }

  /** What a card remembers, read from its file. */
  card(id: string): CardState {
    return readState(join(this.instance.folder, 'readers/cards', `${id}.json`))
  }

  /** The last lines of what server and desk wrote, for a failed test. */
  logs(lines = 15): string {
    return ['server/server.log', 'desk/desk.log']
      .map((name) => join(this.instance.folder, name))
      .filter((file) => existsSync(file))
      .map((file) => `${file}\n${readFileSync(file, 'utf8').trim().split('\n').slice(-lines).join('\n')}`)
      .join('\n\n')
  }

  async stop(): Promise<void> {
    if (this.#time?.url) this.#time.close()
    const ends = await Promise.allSettled([this.stopDesk(), this.stopServer(), this.readers.stop()])
    rmSync(join(this.instance.folder, '..'), { recursive: true, force: true })
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  async #end(program: RunningProgram | null): Promise<void> {
    if (program !== null) await stopProgram(program)
  }
}

/** Gives the instance screens of its own, so that a build under way does not take them from under the test. */
function keepScreens(instance: DemoInstance): void {
  for (const [file, member, built] of [
    [instance.serverConfig, 'consoleFolder', 'console'],
    [instance.deskConfig, 'rendererFolder', 'renderer'],
  ] as const) {
    const own = join(instance.folder, 'screens', built)
    cpSync(join(ROOT, 'out', built), own, { recursive: true })
    const config = JSON.parse(readFileSync(file, 'utf8')) as object
    writeFileSync(file, JSON.stringify({ ...config, [member]: own }))
  }
}

async function kill(program: RunningProgram | null): Promise<void> {
  program?.child.kill('SIGKILL')
  await program?.ended
}
