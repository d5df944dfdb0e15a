import { AppError } from '../../../shared/contract/errors.ts'
import type { ReaderView } from '../../../shared/contract/views.ts'
import type { CardPort } from '../../services/ports.ts'
import type { CardCalls } from '../stack/card-stack.ts'
import type { CardStackConfig } from '../stack/open-stack.ts'
import { forkWorker } from './launch-fork.ts'
import { CALL_NAMES, type CallName, type FromWorker, type LaunchWorker, type WorkerHandle } from './protocol.ts'

export interface CardWorkerOptions extends CardStackConfig {
  /** How the process is started; default: `fork` of the source. Electron gives a utility process. */
  launch?: LaunchWorker
  /** Deadlines by call, in ms, where the defaults do not do. */
  deadlinesMs?: Partial<Record<CallName, number>>
  /** Called with the cause of each failure; never holds a secret. */
  log?: (event: { code: string; cause: string }) => void
}
type State = ReturnType<CardPort['state']>

const DEADLINE_MS = 20_000
/** A card may take a minute for an RSA key, and a factory reset tries two codes until they are blocked. */
const LONG: Partial<Record<CallName, number>> = {
  generateKey: 120_000,
  wipe: 120_000,
  sign: 45_000,
  setPinAndPuk: 45_000,
}
/** Generous: a machine that is starting everything at once takes many times the usual half second. */
const START_MS = 60_000
const CLOSE_MS = 3_000
const FIRST_BACKOFF_MS = 50
const LONGEST_BACKOFF_MS = 5_000
/** A worker that lived this long was well: the next crash starts again with a short wait. */
const WELL_MS = 20_000

interface Pending {
  resolve(value: unknown): void
  reject(error: AppError): void
  timer: NodeJS.Timeout
}

/**
 * Starts the card worker and keeps it running. A call over its deadline costs the worker (a module or a reader may
 * block for ever): it is killed and started again, the call fails with CARD_TIMEOUT, others with WORKER_CRASHED.
 * Rejects with CONFIG_INVALID for a wrong card table, WORKER_CRASHED when it never came up.
 */
export async function startCardWorker(options: CardWorkerOptions): Promise<CardPort> {
  const supervisor = new Supervisor(options)
  try {
    await supervisor.start()
  } catch (error) {
    await supervisor.close()
    throw error
  }
  return supervisor.port()
}

class Supervisor {
  readonly #options: CardWorkerOptions
  readonly #launch: LaunchWorker
  readonly #pending = new Map<number, Pending>()
  readonly #readerListeners = new Set<(readers: ReaderView[]) => void>()
  readonly #stateListeners = new Set<(state: State) => void>()
  #worker: WorkerHandle | null = null
  #ready = Promise.withResolvers<void>()
  #state: State = 'restarting'
  #nextId = 1
  #crashes = 0
  #startedAt = 0
  #closing = false
  #timer: NodeJS.Timeout | null = null

  constructor(options: CardWorkerOptions) {
    this.#options = options
    this.#launch = options.launch ?? forkWorker()
  }

  async start(): Promise<void> {
    this.#spawn(false)
    await this.#whenReady(START_MS)
  }

  port(): CardPort {
    const calls = Object.fromEntries(
      CALL_NAMES.map((name) => [name, (...args: unknown[]) => this.#call(name, args)]),
    ) as unknown as CardCalls
    const demo: CardPort['demo'] = {
      cards: () => calls.demoCards(),
      insert: (reader, card) => calls.demoInsert(reader, card),
      newCard: () => calls.demoNewCard(),
    }
    return {
      ...calls,
      demo: this.#options.readers.kind === 'virtual' ? demo : null,
      on: ((event: 'readers' | 'state', listener: (value: never) => void) =>
        event === 'readers'
          ? subscribe(this.#readerListeners, listener as (readers: ReaderView[]) => void)
          : subscribe(this.#stateListeners, listener as (state: State) => void)) as CardPort['on'],
      state: () => this.#state,
      close: () => this.close(),
    }
  }

  #spawn(recovered: boolean): void {
    const worker = this.#launch()
    this.#worker = worker
    this.#startedAt = Date.now()
    worker.onMessage((message) => {
      if (this.#worker === worker) this.#take(message)
    })
    worker.onExit(() => this.#exited(worker))
    const { readers, cardTable, inspectDeadlineMs } = this.#options
    const config: CardStackConfig = {
      readers,
      ...(cardTable === undefined ? {} : { cardTable }),
      ...(inspectDeadlineMs === undefined ? {} : { inspectDeadlineMs }),
    }
    worker.post({ type: 'start', config, recovered })
  }

  #take(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#ready.resolve()
        this.#setState(message.serviceDown ? 'down' : 'running')
        this.#tellReaders(message.readers)
        return
      case 'readers':
        this.#setState(message.serviceDown ? 'down' : 'running')
        this.#tellReaders(message.readers)
        return
      case 'answer':
        this.#settle(message.id)?.resolve(message.value)
        return
      case 'error':
        this.#settle(message.id)?.reject(new AppError(message.code, message.detail))
        return
      case 'failed':
        // Whoever asks next has the failure; nobody need wait at this moment.
        this.#ready.promise.catch(() => undefined)
        this.#ready.reject(new AppError(message.code, message.detail))
        return
      case 'log':
        this.#options.log?.({ code: message.code, cause: message.cause })
    }
  }

  #tellReaders(readers: ReaderView[]): void {
    for (const listener of this.#readerListeners) listener(readers)
  }

  #setState(state: State): void {
    if (this.#state === state) return
    this.#state = state
    for (const listener of this.#stateListeners) listener(state)
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    if (pending === undefined) return undefined
    this.#pending.delete(id)
    clearTimeout(pending.timer)
    return pending
  }

  async #call(name: CallName, args: readonly unknown[]): Promise<unknown> {
    if (this.#closing) throw new AppError('WORKER_CRASHED', { reason: 'closed' })
    const deadlineMs = this.#options.deadlinesMs?.[name] ?? LONG[name] ?? DEADLINE_MS
    await this.#whenReady(deadlineMs)
    const worker = this.#worker
    if (worker === null) throw new AppError('WORKER_CRASHED')
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#settle(id)?.reject(new AppError('CARD_TIMEOUT', { call: name, ms: deadlineMs }))
        // Out of the way at once, before it is dead: whoever calls next waits for the new one.
        worker.kill()
        this.#exited(worker)
      }, deadlineMs)
      this.#pending.set(id, { resolve, reject, timer })
      worker.post({ type: 'call', id, name, args })
    })
  }

  async #whenReady(ms: number): Promise<void> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new AppError('WORKER_CRASHED', { reason: 'not-ready' })), ms)
    try {
      await Promise.race([this.#ready.promise, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  #exited(worker: WorkerHandle): void {
    if (this.#worker !== worker) return
    this.#worker = null
    for (const id of this.#pending.keys()) this.#settle(id)?.reject(new AppError('WORKER_CRASHED'))
    if (this.#closing) return
    this.#ready = Promise.withResolvers<void>()
    this.#setState('restarting')
    this.#crashes = Date.now() - this.#startedAt > WELL_MS ? 0 : this.#crashes + 1
    const wait = Math.min(FIRST_BACKOFF_MS * 2 ** this.#crashes, LONGEST_BACKOFF_MS)
    this.#timer = setTimeout(() => this.#spawn(true), wait)
  }

  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    const worker = this.#worker
    if (worker === null) return
    const gone = new Promise<void>((resolve) => worker.onExit(resolve))
    const timer = setTimeout(() => worker.kill(), CLOSE_MS)
    worker.post({ type: 'close' })
    await gone
    clearTimeout(timer)
  }
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
