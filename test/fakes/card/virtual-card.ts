import { existsSync } from 'node:fs'
import { BadTlv } from './card-tlv.ts'
import { factoryState, readState, writeState, type CardOptions, type CardState } from './card-state.ts'
import { PivApplet, Status } from './piv-applet.ts'

/** Answer to reset (ISO/IEC 7816-3): T=1, historical bytes `CSVP`. The card table knows it. */
export const VIRTUAL_ATR = Buffer.from('3b84014353565093', 'hex')

/** The card left the reader in the middle of a command. */
export class CardPulled extends Error {
  override readonly name = 'CardPulled'
}
type When = (command: Uint8Array) => boolean
export interface CardStats {
  commands: number
  chained: number
  getResponse: number
}

const word = (sw: number): Buffer => Buffer.from([sw >> 8, sw & 0xff])

/**
 * A whole card: power, transport (short and extended length, chaining, GET RESPONSE) and the PIV application.
 * With a file its state is durable there before each answer leaves. One command at a time.
 */
export class VirtualCard {
  readonly atr: Uint8Array = VIRTUAL_ATR
  readonly state: CardState
  readonly stats: CardStats = { commands: 0, chained: 0, getResponse: 0 }
  delayMs = 0
  mute = false
  readonly #applet: PivApplet
  #pull: { when: When; after: boolean } | null = null
  #chain: { head: string; parts: Buffer[] } | null = null
  #rest: Buffer | null = null

  constructor(state: CardState, file: string | null = null) {
    this.state = state
    this.#applet = new PivApplet(state, () => {
      if (file !== null) writeState(file, state)
    })
  }

  /** Power on or warm reset: nothing verified, nothing pending. */
  reset(): void {
    this.#applet.reset()
    this.#chain = null
    this.#rest = null
  }

  /** From the first command for which `when` holds the card is gone: `transmit` rejects with `CardPulled`, once. */
  pullOn(when: When | null, after = false): void {
    this.#pull = when === null ? null : { when, after }
  }

  /** The faults of `readers.json`; `skip` lets that many matching commands pass first. */
  setFaults(faults: {
    delayMs: number
    mute: boolean
    pullOn: { ins: string; skip: number; after: boolean } | null
  }): void {
    this.delayMs = faults.delayMs
    this.mute = faults.mute
    if (faults.pullOn === null) return this.pullOn(null)
    const ins = Number.parseInt(faults.pullOn.ins, 16)
    let left = faults.pullOn.skip
    // Only the last block of a chain counts as the command.
    return this.pullOn(
      (command) => command[1] === ins && ((command[0] ?? 0) & 0x10) === 0 && left-- <= 0,
      faults.pullOn.after,
    )
  }

  async transmit(command: Uint8Array): Promise<Uint8Array> {
    const bytes = Buffer.from(command)
    if (this.mute) return new Promise<never>(() => undefined)
    const pull = this.#pull?.when(bytes) === true ? this.#pull : null
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs))
    if (pull !== null) {
      this.#pull = null
      if (pull.after) await this.#process(bytes)
      this.reset()
      throw new CardPulled()
    }
    return this.#process(bytes)
  }

  async #process(bytes: Buffer): Promise<Buffer> {
    this.stats.commands++
    try {
      return await this.#dispatch(bytes)
    } catch (error) {
      if (error instanceof Status) return word(error.sw)
      if (error instanceof BadTlv) return word(0x6a80)
      throw error
    }
  }

  async #dispatch(bytes: Buffer): Promise<Buffer> {
    const { cla, ins, p1, p2, data, le } = parseCommand(bytes)
    if (ins === 0xc0) {
      this.stats.getResponse++
      const rest = this.#rest
      this.#rest = null
      return rest === null ? word(0x6985) : this.#answer(rest, le)
    }
    this.#rest = null
    const head = `${ins} ${p1} ${p2}`
    if ((cla & 0xec) !== 0) throw new Status(0x6e00)
    if (this.#chain !== null && this.#chain.head !== head) this.#chain = null
    const parts = [...(this.#chain?.parts ?? []), data]
    if ((cla & 0x10) !== 0) {
      this.stats.chained++
      this.#chain = { head, parts }
      return word(0x9000)
    }
    this.#chain = null
    return this.#answer(await this.#applet.command(ins, p1, p2, Buffer.concat(parts)), le)
  }

  #answer(data: Buffer, le: number): Buffer {
    if (data.length <= le) return Buffer.concat([data, word(0x9000)])
    this.#rest = data.subarray(le)
    return Buffer.concat([data.subarray(0, le), word(0x6100 | (this.#rest.length > 255 ? 0 : this.#rest.length))])
  }
}

/** Splits command bytes by ISO/IEC 7816-3 §12.1.3; 6700 for lengths that do not add up. */
function parseCommand(bytes: Buffer): { cla: number; ins: number; p1: number; p2: number; data: Buffer; le: number } {
  if (bytes.length < 4) throw new Status(0x6700)
  const [cla = 0, ins = 0, p1 = 0, p2 = 0] = bytes
  const body = bytes.subarray(4)
  const head = { cla, ins, p1, p2 }
  const none = Buffer.alloc(0)
  if (body.length === 0) return { ...head, data: none, le: 256 }
  if (body.length === 1) return { ...head, data: none, le: body[0] || 256 }
  const extended = body[0] === 0 && body.length >= 3
  const [lengthBytes, tailBytes, full] = extended ? [3, 2, 65536] : [1, 1, 256]
  const size = extended ? body.readUInt16BE(1) : body.readUInt8(0)
  if (extended && body.length === 3) return { ...head, data: none, le: size || full }
  const end = lengthBytes + size
  const data = body.subarray(lengthBytes, end)
  if (body.length === end) return { ...head, data, le: full }
  if (body.length !== end + tailBytes) throw new Status(0x6700)
  return { ...head, data, le: body.readUIntBE(end, tailBytes) || full }
}

/** A card in a file; the file must be there. */
export function openVirtualCard(file: string): VirtualCard {
  return new VirtualCard(readState(file), file)
}

/** A new card from the factory, in a file that must not be there yet. */
export function createCardFile(file: string, options: CardOptions): void {
  if (existsSync(file)) throw new Error(`there is a card already: ${file}`)
  writeState(file, factoryState(options))
}

export function describeCardFile(file: string): { label: string; serial: string; blank: boolean } {
  const { label, serial, objects } = readState(file)
  return { label, serial: String(serial), blank: Object.keys(objects).length === 0 }
}
