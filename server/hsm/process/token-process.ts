import { randomBytes } from 'node:crypto'
import { AppError } from '../../../shared/contract/errors.ts'
import type { HsmConfig } from '../config.ts'
import { unavailable } from '../failure.ts'
import type { TokenInfo } from '../pkcs11/token.ts'
import { FrameReader, FrameWriter, type Frame } from './frame.ts'
import { launch, type Launched, type LaunchOptions } from './launch.ts'
import {
  ANSWER,
  CALLS,
  packJson,
  packPair,
  unpackJson,
  type CallName,
  type Failure,
  type OpenOrder,
} from './protocol.ts'

/** Why a process ended that should not have, or could not be used. */
export interface ProcessTrouble {
  readonly pid: number | null
  /** As in `failure.ts`. */
  readonly reason: string
  /** The module's own words, where there are any. */
  readonly cause: string | null
}

export interface TokenProcessOptions {
  readonly config: HsmConfig
  /** The PIN, where it was asked for and lies in no file. Ours from here on: wiped at the end. */
  readonly pin?: Buffer | null
  /** Added to the process's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Called with each login: what was proved of a key's handle is to be proved again. */
  readonly onLogin?: () => void
  readonly onTrouble?: (trouble: ProcessTrouble) => void
  readonly launch?: (options: LaunchOptions) => Launched
}

interface Call {
  readonly name: CallName
  readonly body: Buffer
  readonly resolve: (answer: Buffer) => void
  readonly reject: (error: AppError) => void
  /** Beat at which it was asked for, and at which it was sent. */
  readonly askedAt: number
  sentAt: number
  /** Ended once by the end of its process, through no fault of its own. */
  wasSent: boolean
}

interface Running extends Launched {
  readonly writer: FrameWriter
  readonly sent: Map<number, Call>
  state: 'starting' | 'ready' | 'gone'
  readonly since: number
}

/** Starting a process on a machine that does much else at once takes seconds. */
const START_MS = 60_000
const CLOSE_MS = 1500
/** Sent ahead for each session, so that none waits for the pipe; more wait here, where no deadline counts for them. */
const AHEAD = 32
/** A deadline is counted in beats, so that a server that was itself held up blames nobody. */
const BEATS = 20
/** How often a process that cannot be opened is tried again, at most. */
const REOPEN_MS = 500
/** How long, in deadlines, calls wait for a place or for a new process while none is answered. */
const PATIENCE = 3
const WELL_MS = 10_000
const BACKOFF_MS = [0, 0, 250, 1000, 3000]

/** Asked twice these do no more than asked once. */
const REPEATABLE: readonly CallName[] = [
  'sign',
  'random',
  'describe',
  'has',
  'list',
  'wrap',
  'unwrap',
  'ensureWrappingKey',
]

/**
 * A token in a process of its own. A call over its deadline costs the process: it is killed and started again, that call
 * fails with `timeout`; calls beside it, and all calls of a process that died, are asked again once in the new one where
 * that is harmless, and fail with `crashed` where it is not. A process whose token or module is gone is replaced when it
 * is next asked for something. All failures are HSM_UNAVAILABLE.
 */
export class TokenProcess {
  readonly #options: TokenProcessOptions
  readonly #salt = randomBytes(16).toString('hex')
  #refusedPin: string | null = null
  #running: Running | null = null
  #info: TokenInfo | null = null
  #waiting: Call[] = []
  #next = 1
  #beat = 0
  /** Beat of the last answer. */
  #answeredAt = 0
  #beating: NodeJS.Timeout | null = null
  #respawn: NodeJS.Timeout | null = null
  #crashes = 0
  /** Why the last process could not be opened, and when. */
  #refused: { readonly error: AppError; readonly at: number } | null = null
  #isClosed = false

  constructor(options: TokenProcessOptions) {
    this.#options = options
  }

  /** The process at work, for tests and for people. */
  get pid(): number | undefined {
    return this.#running?.process.pid
  }

  /** What the token said at the last login. */
  get info(): TokenInfo | null {
    return this.#info
  }

  /** Starts the process and logs in. */
  async ready(): Promise<void> {
    await this.call('random', Buffer.from([1, 0]))
  }

  /** The body is wiped when the call has ended. */
  call(name: CallName, body: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(unavailable('closed'))
      const refused = this.#refused
      if (refused && !this.#running && performance.now() - refused.at < REOPEN_MS) return reject(refused.error)
      this.#waiting.push({ name, body, resolve, reject, askedAt: this.#beat, sentAt: 0, wasSent: false })
      if (!this.#running && !this.#respawn) this.#spawn()
      this.#pump()
    })
  }

  /** Ends the process; what still runs fails with `closed`. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#respawn) clearTimeout(this.#respawn)
    if (this.#beating) clearInterval(this.#beating)
    const running = this.#running
    for (const call of [...(running?.sent.values() ?? []), ...this.#waiting.splice(0)])
      fail(call, unavailable('closed'))
    running?.sent.clear()
    this.#options.pin?.fill(0)
    if (!running || running.process.exitCode !== null || running.process.signalCode !== null) return
    const child = running.process
    child.ref()
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const timer = setTimeout(() => child.kill('SIGKILL'), running.state === 'ready' ? CLOSE_MS : 0)
    if (running.state === 'ready') running.writer.put({ call: 0, kind: CALLS.indexOf('close'), body: Buffer.alloc(0) })
    await ended
    clearTimeout(timer)
    running.channel.destroy()
  }

  #spawn(): void {
    const { config, env = {} } = this.#options
    const launched = (this.#options.launch ?? launch)({ sessions: config.sessions, env })
    const { process: child, channel } = launched
    const reader = new FrameReader()
    const writer = new FrameWriter(channel, (flush) => process.nextTick(flush), false)
    const running: Running = { ...launched, writer, sent: new Map(), state: 'starting', since: performance.now() }
    this.#running = running
    this.#info = null
    channel.on('data', (chunk: Buffer) => {
      if (running.state === 'gone') return
      try {
        for (const frame of reader.take(chunk)) this.#take(running, frame)
      } catch (error) {
        this.#end(running, error instanceof AppError ? error : unavailable('crashed', {}, error))
      }
      this.#pump()
    })
    const died = (cause?: unknown): void => this.#end(running, unavailable('crashed', {}, cause))
    // A broken pipe is told by the exit as well.
    channel.on('error', died)
    child.once('error', died)
    child.once('exit', () => died())
    this.#send(running, this.#openCall(running))
    this.#hold(running)
  }

  /** Asked first of each new process; while it is not answered nothing else is sent. */
  #openCall(running: Running): Call {
    const { config, pin = null } = this.#options
    const { libraryPath, tokenLabel, tokenSerial, sessions, pinFile = null } = config
    const { label, refusedPin } = { label: { tokenLabel, tokenSerial }, refusedPin: this.#refusedPin }
    const order: OpenOrder = { libraryPath, sessions, pinFile, salt: this.#salt, refusedPin, ...label }
    return {
      name: 'open',
      body: packPair(pin ?? Buffer.alloc(0), packJson(order)),
      resolve: (answer) => {
        this.#info = unpackJson(answer) as TokenInfo
        this.#refused = null
        running.state = 'ready'
      },
      reject: (error) => {
        this.#refused = { error, at: performance.now() }
        // Who waits for this process is told why there is none.
        for (const call of this.#waiting.splice(0)) fail(call, error)
        this.#end(running, error, false)
      },
      askedAt: this.#beat,
      sentAt: 0,
      wasSent: true,
    }
  }

  #send(running: Running, call: Call): void {
    const id = this.#next
    this.#next = id === 0xff_ff_ff_ff ? 1 : id + 1
    call.sentAt = this.#beat
    running.sent.set(id, call)
    running.writer.put({ call: id, kind: CALLS.indexOf(call.name), body: call.body })
  }

  #pump(): void {
    const running = this.#running
    if (running?.state === 'ready') {
      const room = this.#options.config.sessions * AHEAD
      while (running.sent.size < room) {
        const call = this.#waiting.shift()
        if (!call) break
        this.#send(running, call)
      }
    }
    if (running) this.#hold(running)
  }

  #take(running: Running, { call: id, kind, body }: Frame): void {
    if (kind === ANSWER.login) return this.#options.onLogin?.()
    const call = running.sent.get(id)
    running.sent.delete(id)
    this.#answeredAt = this.#beat
    if (!call) return
    if (kind === ANSWER.done) {
      call.resolve(body)
      // What was asked may be on its way to the pipe still; it is answered, so it is not.
      call.body.fill(0)
      return
    }
    const failure = unpackJson(body) as Failure
    if (failure.refusedPin !== null) this.#refusedPin = failure.refusedPin
    const cause = failure.cause === null ? {} : { cause: new Error(failure.cause) }
    const error = new AppError(failure.code, failure.detail, cause)
    if (kind === ANSWER.spent && call.name !== 'open') this.#end(running, error, false)
    fail(call, error)
  }

  /** `isCrash`: else its module or token is of no more use, and the next call starts another. */
  #end(running: Running, cause: AppError, isCrash = true): void {
    if (running.state === 'gone') return
    if (!this.#isClosed) this.#tell(running, cause)
    const wasReady = running.state === 'ready'
    running.state = 'gone'
    running.process.kill('SIGKILL')
    running.channel.destroy()
    if (this.#running === running) this.#running = null
    if (this.#isClosed) return
    const again: Call[] = []
    for (const call of running.sent.values()) {
      if (call.name === 'open' || call.wasSent || !REPEATABLE.includes(call.name)) fail(call, cause)
      else again.push(Object.assign(call, { wasSent: true }))
    }
    running.sent.clear()
    this.#waiting.unshift(...again)
    if (wasReady && isCrash) this.#startAgain(running)
    else if (this.#waiting.length > 0 && !this.#running) this.#spawn()
  }

  #tell({ process: child }: Running, { detail, cause }: AppError): void {
    const words = cause instanceof Error ? cause.message : null
    const reason = String(detail['reason'] ?? 'device')
    this.#options.onTrouble?.({ pid: child.pid ?? null, reason, cause: words })
  }

  /** At once, so that the next call finds it logged in; later and later where it dies each time. */
  #startAgain(running: Running): void {
    this.#crashes = performance.now() - running.since > WELL_MS ? 0 : this.#crashes + 1
    const wait = BACKOFF_MS[Math.min(this.#crashes, BACKOFF_MS.length - 1)] ?? 0
    this.#respawn = setTimeout(() => {
      this.#respawn = null
      if (!this.#running && !this.#isClosed) this.#spawn()
    }, wait)
    if (this.#waiting.length === 0) this.#respawn.unref()
  }

  /** Keeps this process alive, and counts beats, only while somebody waits. */
  #hold(running: Running): void {
    const isBusy = running.sent.size > 0 || this.#waiting.length > 0
    if (isBusy === (this.#beating !== null)) return
    if (isBusy) {
      running.process.ref()
      refer(running.channel, true)
      this.#beating = setInterval(() => this.#onBeat(), this.#options.config.timeoutMs / BEATS)
    } else {
      running.process.unref()
      refer(running.channel, false)
      if (this.#beating) clearInterval(this.#beating)
      this.#beating = null
    }
  }

  #onBeat(): void {
    this.#beat++
    const { timeoutMs } = this.#options.config
    const running = this.#running
    const late = (): AppError => unavailable('timeout', { timeoutMs })
    if (running) {
      const most = running.state === 'starting' ? Math.max(1, START_MS / timeoutMs) : 1
      const overdue = [...running.sent].filter(([, { sentAt }]) => this.#beat - sentAt > BEATS * most)
      for (const [id, call] of overdue) {
        running.sent.delete(id)
        fail(call, late())
      }
      if (overdue.length > 0) this.#end(running, late())
    }
    const isTired = ({ askedAt }: Call): boolean => this.#beat - Math.max(askedAt, this.#answeredAt) > BEATS * PATIENCE
    if (this.#running?.state === 'starting') return
    const tired = this.#waiting.filter(isTired)
    if (tired.length === 0) return
    this.#waiting = this.#waiting.filter((call) => !isTired(call))
    for (const call of tired) fail(call, late())
  }
}

function fail(call: Call, error: AppError): void {
  call.body.fill(0)
  call.reject(error)
}

/** A pipe keeps the loop alive unless told not to; the type of a duplex stream does not know it. */
function refer(channel: Launched['channel'], isKept: boolean): void {
  const pipe = channel as Launched['channel'] & { ref?: () => void; unref?: () => void }
  if (isKept) pipe.ref?.()
  else pipe.unref?.()
}
