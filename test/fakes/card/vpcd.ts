import { connect, type Socket } from 'node:net'
import { CardPulled, type VirtualCard } from './virtual-card.ts'

/** Control codes of vpcd: a frame of one byte. */
const ATR = 4
const POWER_OFF = 0

/**
 * A card in a reader of vpcd: it dials the reader's port, frames are a 2-byte big-endian length and a body. Being
 * connected is being inserted; hanging up is being pulled.
 */
export class VpcdCard {
  readonly #port: number
  #card: VirtualCard | null = null
  #socket: Socket | null = null
  #received = Buffer.alloc(0)
  #work: Promise<void> = Promise.resolve()

  constructor(port: number) {
    this.#port = port
  }

  get inserted(): boolean {
    return this.#socket !== null
  }

  async insert(card: VirtualCard): Promise<void> {
    this.remove()
    card.reset()
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    this.#card = card
    this.#socket = socket
    this.#work = Promise.resolve()
    this.#received = Buffer.alloc(0)
    socket.on('error', () => this.#gone(socket))
    socket.on('close', () => this.#gone(socket))
    socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data])
      // One frame after the other, whatever came together.
      this.#work = this.#work.then(() => this.#frames(socket, card))
    })
  }

  remove(): void {
    const socket = this.#socket
    if (socket === null) return
    this.#gone(socket)
    socket.destroy()
  }

  #gone(socket: Socket): void {
    if (this.#socket !== socket) return
    this.#card?.reset()
    this.#socket = this.#card = null
  }

  async #frames(socket: Socket, card: VirtualCard): Promise<void> {
    while (this.#socket === socket && this.#received.length >= 2) {
      const size = this.#received.readUInt16BE()
      if (this.#received.length < 2 + size) return
      const frame = this.#received.subarray(2, 2 + size)
      this.#received = this.#received.subarray(2 + size)
      if (size === 1) this.#control(socket, card, frame[0] ?? POWER_OFF)
      else if (size > 1) await this.#command(socket, card, frame)
    }
  }

  #control(socket: Socket, card: VirtualCard, code: number): void {
    if (code === ATR) send(socket, card.atr)
    else card.reset()
  }

  async #command(socket: Socket, card: VirtualCard, command: Buffer): Promise<void> {
    try {
      const answer = await card.transmit(command)
      if (this.#socket === socket) send(socket, answer)
    } catch (error) {
      if (!(error instanceof CardPulled)) throw error
      this.remove()
    }
  }
}

function send(socket: Socket, body: Uint8Array): void {
  const frame = Buffer.alloc(2 + body.length)
  frame.writeUInt16BE(body.length)
  frame.set(body, 2)
  socket.write(frame)
}
