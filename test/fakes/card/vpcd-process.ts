import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const ENTRY = fileURLToPath(new URL('./vpcd-main.ts', import.meta.url))
const ORDER_MS = 5_000

export interface VpcdStats {
  commands?: number
  chained?: number
  getResponse?: number
  inserted: boolean
  memory: number
}

/** One vpcd reader's card, driven from a test. */
export class VpcdProcess {
  readonly #child: ChildProcess
  readonly #socket: Socket
  readonly #lines: Interface
  readonly #waiting: ((line: string) => void)[] = []

  private constructor(child: ChildProcess, socket: Socket) {
    this.#child = child
    this.#socket = socket
    this.#lines = createInterface({ input: socket })
    this.#lines.on('line', (line) => this.#waiting.shift()?.(line))
    socket.on('error', () => socket.destroy())
  }

  static async start(vpcdPort: number): Promise<VpcdProcess> {
    const child = spawn(process.execPath, [ENTRY, String(vpcdPort)], { stdio: ['pipe', 'pipe', 'inherit'] })
    const output = createInterface({ input: child.stdout })
    const [line] = (await once(output, 'line')) as [string]
    const { control } = JSON.parse(line) as { control: number }
    const socket = connect({ host: '127.0.0.1', port: control, noDelay: true })
    await once(socket, 'connect')
    return new VpcdProcess(child, socket)
  }

  /** Puts in the card kept in this file; pcscd needs some hundred milliseconds to see it. */
  insert(card: string): Promise<unknown> {
    return this.#order({ do: 'insert', card })
  }
  remove(): Promise<unknown> {
    return this.#order({ do: 'remove' })
  }
  delay(ms: number): Promise<unknown> {
    return this.#order({ do: 'delay', ms })
  }
  mute(on: boolean): Promise<unknown> {
    return this.#order({ do: 'mute', on })
  }
  /** Pulls the card at the next command with this INS (hex), before or after the card did it. */
  pullOn(ins: string, options: { skip?: number; after?: boolean } = {}): Promise<unknown> {
    return this.#order({ do: 'pullon', ins, ...options })
  }
  async stats(): Promise<VpcdStats> {
    return (await this.#order({ do: 'stats' })) as VpcdStats
  }

  async stop(): Promise<void> {
    this.#lines.close()
    this.#socket.destroy()
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  async #order(order: object): Promise<unknown> {
    const answer = Promise.withResolvers<string>()
    this.#waiting.push(answer.resolve)
    const timer = setTimeout(() => answer.reject(new Error('the card process does not answer')), ORDER_MS)
    this.#socket.write(`${JSON.stringify(order)}\n`)
    try {
      const { ok, ...rest } = JSON.parse(await answer.promise) as { ok: boolean; error?: string }
      if (!ok) throw new Error(rest.error)
      return rest
    } finally {
      clearTimeout(timer)
    }
  }
}
