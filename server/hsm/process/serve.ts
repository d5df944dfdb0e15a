import { AppError } from '../../../shared/contract/errors.ts'
import { unavailable } from '../failure.ts'
import { Token } from '../pkcs11/token.ts'
import { readSecretFile } from '../secret-file.ts'
import type { KeyAlgorithm } from '../../../shared/pki/index.ts'
import type { Frame } from './frame.ts'
import {
  ANSWER,
  CALLS,
  packJson,
  unpackJson,
  unpackPair,
  unpackSign,
  type CallName,
  type Failure,
  type OpenOrder,
} from './protocol.ts'

const NOTHING = Buffer.alloc(0)
/** The module's own state is in doubt, or it saw a token that is no longer there: only a new process sees it anew. */
const SPENT: readonly unknown[] = ['device', 'library-missing', 'token-missing', 'token-ambiguous']

/** Answers calls with a token, in the process that may hang or die of it. */
export class TokenServer {
  readonly #put: (frame: Frame) => void
  readonly #exit: () => void
  #token: Token | null = null
  #pin: Buffer | null = null
  #running = 0

  constructor(put: (frame: Frame) => void, exit: () => void) {
    this.#put = put
    this.#exit = exit
  }

  /** Calls that wait for their answer. */
  get running(): number {
    return this.#running
  }

  /** Answers at once where the token does. */
  take({ call, kind, body }: Frame): void {
    const answer = this.#begin(CALLS[kind], body)
    if (Buffer.isBuffer(answer)) return this.#put({ call, kind: ANSWER.done, body: answer })
    this.#running++
    void this.#frameOf(call, answer).then((frame) => {
      this.#running--
      return this.#put(frame)
    })
  }

  /** Never rejects. */
  async #frameOf(call: number, answer: Promise<Buffer>): Promise<Frame> {
    try {
      return { call, kind: ANSWER.done, body: await answer }
    } catch (error) {
      const failure = this.#failureOf(error)
      const isSpent = failure.code === 'HSM_UNAVAILABLE' && SPENT.includes(failure.detail['reason'])
      return { call, kind: isSpent ? ANSWER.spent : ANSWER.failed, body: packJson(failure) }
    }
  }

  #begin(name: CallName | undefined, body: Buffer): Buffer | Promise<Buffer> {
    if (name !== 'sign') return this.#answer(name, body)
    try {
      const { name: key, way, input } = unpackSign(body)
      if (!way) throw unavailable('crashed')
      return this.#opened().sign(key, way, input)
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  #opened(): Token {
    if (!this.#token) throw unavailable('closed')
    return this.#token
  }

  async #answer(name: CallName | undefined, body: Buffer): Promise<Buffer> {
    if (name === 'open') return packJson(await this.#open(body))
    if (name === 'close') return this.#close()
    const token = this.#opened()
    switch (name) {
      case 'random':
        return token.random(body.readUInt16LE(0))
      case 'describe':
        return packJson(await token.describe(body.toString('latin1')))
      case 'has':
        return Buffer.from([(await token.has(body.toString('latin1'))) ? 1 : 0])
      case 'list':
        return packJson(await token.list())
      case 'generate': {
        const { first, second } = unpackPair(body)
        await token.generate(first.toString('latin1'), second.toString('latin1') as KeyAlgorithm)
        return NOTHING
      }
      case 'ensureWrappingKey':
        await token.ensureWrappingKey(body.toString('latin1'))
        return NOTHING
      case 'wrap':
      case 'unwrap': {
        const { first, second } = unpackPair(body)
        try {
          return await token[name](first.toString('latin1'), second)
        } finally {
          body.fill(0)
        }
      }
      default:
        throw unavailable('crashed')
    }
  }

  #open(body: Buffer): Promise<unknown> {
    const { first, second } = unpackPair(body)
    const { pinFile, ...order } = unpackJson(second) as OpenOrder
    const pin = Buffer.from(first)
    first.fill(0)
    this.#pin = pin
    const readPin = (): Promise<string> =>
      pinFile === null ? Promise.resolve(pin.toString('utf8')) : readSecretFile(pinFile, 'pin-missing')
    this.#token = new Token({ ...order, readPin }, () => this.#put({ call: 0, kind: ANSWER.login, body: NOTHING }))
    return this.#token.open()
  }

  #close(): Promise<Buffer> {
    this.#token?.close()
    this.#pin?.fill(0)
    setImmediate(this.#exit)
    return Promise.resolve(NOTHING)
  }

  #failureOf(error: unknown): Failure {
    const known = error instanceof AppError ? error : unavailable('device', {}, error)
    const { cause } = known
    return {
      code: known.code,
      detail: known.detail,
      cause: cause instanceof Error ? cause.message : null,
      refusedPin: this.#token?.refusedPin ?? null,
    }
  }
}
