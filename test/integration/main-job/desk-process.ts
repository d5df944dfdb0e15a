import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Desk } from '../../../main/compose.ts'
import { node24 } from '../../../main/launch/setup.mjs'
import type { DeskEvent, DeskEventValue } from '../../../shared/contract/index.ts'
import type { CardsIn, FromDesk, ToDesk } from './desk-program.ts'

const ENTRY = fileURLToPath(new URL('./desk-program.ts', import.meta.url))

/** The desk ended while a call was under way, or before it. */
export class DeskGone extends Error {
  override readonly name = 'DeskGone'
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Waits until a process is gone; ours may take a moment to notice that its starter is. */
export async function untilGone(pid: number, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (isAlive(pid)) {
    if (Date.now() > deadline) throw new Error(`process ${pid} is still there after ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A desk program (see `desk-program.ts`) from the outside: calls, events, and its death. */
export class DeskProcess implements Pick<Desk, 'dispatch'> {
  readonly #child: ChildProcess
  readonly #calls = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  readonly #listeners = new Map<string, Set<(value: never) => void>>()
  readonly #workers = new Set<number>()
  readonly #loaded = Promise.withResolvers<void>()
  readonly #ready = Promise.withResolvers<void>()
  #next = 1
  #gone = false

  constructor() {
    this.#child = fork(ENTRY, [], {
      execPath: node24(),
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    for (const { promise } of [this.#loaded, this.#ready]) promise.catch(() => undefined)
    this.#child.on('message', (message) => this.#take(message as FromDesk))
    this.#child.on('exit', () => {
      this.#gone = true
      const gone = new DeskGone()
      this.#loaded.reject(gone)
      this.#ready.reject(gone)
      for (const { reject } of this.#calls.values()) reject(gone)
    })
  }

  get gone(): boolean {
    return this.#gone
  }
  /** Process ids of the card workers this desk started, the one that runs last. */
  get worker(): number {
    return [...this.#workers].at(-1) ?? 0
  }

  async start(config: string, cards: CardsIn): Promise<void> {
    await this.#loaded.promise
    this.#send({ start: config, cards })
    await this.#ready.promise
  }

  dispatch: Desk['dispatch'] = (name, input) => {
    if (this.#gone) return Promise.reject(new DeskGone())
    const call = this.#next++
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject })
      this.#send({ call, name: String(name), input })
    })
  }

  on<E extends DeskEvent>(event: E, listener: (value: DeskEventValue<E>) => void): void {
    const known = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, known.add(listener))
  }

  /** kill -9; on return the desk and its card worker are gone, so that only one program ever holds the card. */
  async kill(): Promise<void> {
    if (!this.#gone) {
      const exited = once(this.#child, 'exit')
      this.#child.kill('SIGKILL')
      await exited
    }
    for (const pid of this.#workers) await untilGone(pid)
  }

  async close(): Promise<void> {
    if (this.#gone) return
    const exited = once(this.#child, 'exit')
    this.#send({ close: true })
    await exited
  }

  #send(message: ToDesk): void {
    this.#child.send(message, (error) => void error)
  }

  #take(message: FromDesk): void {
    if ('loaded' in message) this.#loaded.resolve()
    else if ('ready' in message) this.#ready.resolve()
    else if ('worker' in message) this.#workers.add(message.worker)
    else if ('call' in message) {
      this.#calls.get(message.call)?.resolve(message.answer as never)
      this.#calls.delete(message.call)
    } else for (const listener of this.#listeners.get(message.event) ?? []) listener(message.value as never)
  }
}
