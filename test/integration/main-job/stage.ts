import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer } from '../../../main/launch/server.ts'
import { openDemo, type DemoInstance } from '../../../main/launch/demo.ts'
import { makeBlankCard } from '../../../main/launch/demo-cards.ts'
import { DeskUser } from '../../../main/launch/desk-user.ts'
import { HOLDER_READER, OFFICER_READER } from '../../../main/launch/main-job.ts'
import { stopProgram, type RunningProgram } from '../../../main/launch/processes.ts'
import { DeskProcess } from './desk-process.ts'
import type { CardsIn } from './desk-program.ts'
import { RequestProxy } from './request-proxy.ts'

type ReaderFaults = { pullOn?: { ins: string; skip?: number; after?: boolean } | null; delayMs?: number }
interface ReaderEntry extends ReaderFaults {
  name: string
  card: string | null
}

/** A demonstration instance with its real server and desk, each a process that can be killed and started again. */
export class Stage {
  readonly instance: DemoInstance
  readonly proxy: RequestProxy
  readonly #temporary: string | null
  readonly #cards: CardsIn
  #server: RunningProgram | null = null
  #desk: DeskProcess | null = null
  /** The next desk, its modules loaded already: a start after a kill is quicker. */
  #spare: DeskProcess | null = null
  #serial = 30_000_000
  /** Called with each desk that was started, before it does anything. */
  onDesk: (desk: DeskProcess) => void = () => undefined

  private constructor(instance: DemoInstance, proxy: RequestProxy, temporary: string | null, cards: CardsIn) {
    this.instance = instance
    this.proxy = proxy
    this.#temporary = temporary
    this.#cards = cards
  }

  /** An instance of its own, deleted at the end. */
  static async open(options: { softwareKeys?: boolean; cards?: CardsIn } = {}): Promise<Stage> {
    const temporary = mkdtempSync(join(tmpdir(), 'countersign-main-job-'))
    // Starts are most of the time here; compiled sources are kept between them.
    process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'countersign-compile-cache')
    const folder = join(temporary, 'instance')
    const choice = { folder, port: null, softwareKeys: options.softwareKeys ?? true, pcsc: false }
    const instance = await openDemo(choice, () => undefined)
    change(instance.serverConfig, (config) => (config['limits'] = { signInsPerMinute: 100_000 }))
    return Stage.over(instance, options.cards, temporary)
  }

  /** Over an instance that is there; `temporary` is deleted at the end. Only the desk's address of the server differs. */
  static async over(instance: DemoInstance, cards: CardsIn = 'worker', temporary: string | null = null) {
    const proxy = await RequestProxy.start(join(instance.folder, 'server'), Number(new URL(instance.serverUrl).port))
    const deskConfig = join(instance.folder, 'desk-test.json')
    copyFileSync(instance.deskConfig, deskConfig)
    change(deskConfig, (config) => Object.assign(config['server'] as object, { url: proxy.url }))
    return new Stage({ ...instance, deskConfig }, proxy, temporary, cards)
  }

  /** Starts what is not running. */
  async ready(): Promise<void> {
    const desk = this.#desk?.gone === false ? this.#desk : await this.#startDesk()
    this.#server ??= await startServer(this.instance)
    this.#desk = desk
    this.#spare ??= new DeskProcess()
  }

  get desk(): DeskProcess {
    if (this.#desk === null) throw new Error('no desk yet')
    return this.#desk
  }
  get user(): DeskUser {
    return new DeskUser(this.desk)
  }

  async killDesk(): Promise<void> {
    await this.desk.kill()
  }
  async killServer(): Promise<void> {
    const server = this.#server
    this.#server = null
    server?.child.kill('SIGKILL')
    await server?.ended
  }
  async stopServer(): Promise<void> {
    if (this.#server !== null) await stopProgram(this.#server)
    this.#server = null
  }

  /** A new blank card, in no reader yet; gives its id and serial. */
  async makeCard(): Promise<{ id: string; serial: string }> {
    const serial = ++this.#serial
    const id = `card-${serial}`
    await makeBlankCard(this.#readers(), id, serial, id)
    return { id, serial: String(serial) }
  }
  cardFile(id: string): string {
    return join(this.#readers(), 'cards', `${id}.json`)
  }
  /** As hands do it, whatever the programs are doing: a card into reader 1 or 2, with the faults of the virtual reader. */
  place(officer: string | null, holder: string | null, faults: ReaderFaults = {}): void {
    const readers: ReaderEntry[] = [
      { name: OFFICER_READER, card: officer },
      { name: HOLDER_READER, card: holder, ...faults },
    ]
    const file = join(this.#readers(), 'readers.json')
    writeFileSync(`${file}.stage`, JSON.stringify({ readers }))
    renameSync(`${file}.stage`, file)
  }

  async close(): Promise<void> {
    await this.#spare?.kill()
    await this.#desk?.close()
    await this.stopServer()
    await this.proxy.close()
    if (this.#temporary !== null) rmSync(this.#temporary, { recursive: true, force: true })
  }

  #readers(): string {
    return join(this.instance.folder, 'readers')
  }
  async #startDesk(): Promise<DeskProcess> {
    const desk = this.#spare ?? new DeskProcess()
    this.#spare = null
    this.onDesk(desk)
    await desk.start(this.instance.deskConfig, this.#cards)
    return desk
  }
}

function change(file: string, edit: (config: Record<string, unknown>) => void): void {
  const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  edit(config)
  writeFileSync(file, JSON.stringify(config))
}
