import { AppError } from '../../../shared/contract/errors.ts'

/** One command to a card (ISO/IEC 7816-4 §5.1). `le` is the most bytes wanted back; absent where none are. */
export interface Command {
  readonly cla?: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data?: Uint8Array
  readonly le?: number
}
export interface Answer {
  readonly data: Uint8Array
  readonly sw: number
}
/** Sends bytes to the card and gives its bytes; rejects with CARD_REMOVED, CARD_MUTE and the like. */
export type Transmit = (bytes: Uint8Array) => Promise<Uint8Array>

const SHORT = 255
const CHAINED = 0x10
const MAX_ANSWER = 0x10000

/** Command bytes: case 1 to 4, short form, or extended (§5.1 table 2). Refuses with RangeError what the form cannot hold. */
export function encodeCommand(command: Command, extended = false): Uint8Array<ArrayBuffer> {
  const { cla = 0, ins, p1, p2, data = new Uint8Array(0), le } = command
  const head = [cla, ins, p1, p2]
  if (le !== undefined && (le < 1 || le > (extended ? 65536 : 256))) throw new RangeError('le out of range')
  if (!extended) {
    if (data.length > SHORT) throw new RangeError('data too long for a short command')
    const lc = data.length > 0 ? [data.length] : []
    return Uint8Array.from([...head, ...lc, ...data, ...(le === undefined ? [] : [le & 0xff])])
  }
  if (data.length > 65535) throw new RangeError('data too long')
  const lc = data.length > 0 ? [0, data.length >> 8, data.length & 0xff] : []
  const leBytes = le === undefined ? [] : [...(data.length > 0 ? [] : [0]), (le >> 8) & 0xff, le & 0xff]
  return Uint8Array.from([...head, ...lc, ...data, ...leBytes])
}

/** Splits an answer into data and status word. Refuses fewer than two bytes (CARD_MUTE). */
export function parseAnswer(bytes: Uint8Array): Answer {
  if (bytes.length < 2) throw new AppError('CARD_MUTE', { bytes: bytes.length })
  const end = bytes.length - 2
  return { data: bytes.subarray(0, end), sw: ((bytes[end] ?? 0) << 8) | (bytes[end + 1] ?? 0) }
}

/**
 * A card as commands and answers of any length. Data above 255 bytes goes by command chaining (§5.3.3) or, where the
 * card's table entry says so, in extended form; answers are fetched with GET RESPONSE (61xx), a wrong Le (6Cxx) is sent
 * again with the right one. Command bytes are wiped once sent: they may hold a PIN.
 */
export class CardChannel {
  readonly #transmit: Transmit
  readonly #extended: boolean

  constructor(transmit: Transmit, options: { extended?: boolean } = {}) {
    this.#transmit = transmit
    this.#extended = options.extended ?? false
  }

  async send(command: Command): Promise<Answer> {
    const data = command.data ?? new Uint8Array(0)
    if (data.length <= SHORT) return this.#collect(command, false)
    if (this.#extended) return this.#collect({ ...command, le: command.le === undefined ? 65536 : command.le }, true)
    for (let at = 0; ; at += SHORT) {
      const part = data.subarray(at, at + SHORT)
      if (at + SHORT >= data.length) return this.#collect({ ...command, data: part }, false)
      const { ins, p1, p2 } = command
      const answer = await this.#once({ cla: (command.cla ?? 0) | CHAINED, ins, p1, p2, data: part }, false)
      if (answer.sw !== 0x9000) return answer
    }
  }

  async #collect(command: Command, extended: boolean): Promise<Answer> {
    let answer = await this.#once(command, extended)
    if (answer.sw >> 8 === 0x6c) answer = await this.#once({ ...command, le: answer.sw & 0xff || 256 }, extended)
    if (answer.sw >> 8 !== 0x61) return answer
    const parts = [answer.data]
    let size = answer.data.length
    while (answer.sw >> 8 === 0x61) {
      answer = await this.#once({ ins: 0xc0, p1: 0, p2: 0, le: answer.sw & 0xff || 256 }, false)
      size += answer.data.length
      // A card that never ends would fill the memory.
      if (size > MAX_ANSWER || parts.length > 512)
        throw new AppError('CARD_COMMAND_FAILED', { reason: 'answer-too-long' })
      parts.push(answer.data)
    }
    return { data: Buffer.concat(parts), sw: answer.sw }
  }

  async #once(command: Command, extended: boolean): Promise<Answer> {
    const bytes = encodeCommand(command, extended)
    try {
      return parseAnswer(await this.#transmit(bytes))
    } finally {
      bytes.fill(0)
    }
  }
}
