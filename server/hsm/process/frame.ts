import { unavailable } from '../failure.ts'

/**
 * What travels between the server and the process that holds the module: frames of
 * `length of body (u32) | number of the call (u32) | kind (u8) | body`, little endian, many in one write.
 */
export interface Frame {
  readonly call: number
  readonly kind: number
  readonly body: Buffer
}

const HEAD = 9
/** Above this one end is not what it should be. Signed messages (Ed25519) are the largest there are. */
export const MAX_BODY = 4 * 1024 * 1024
/** So many are written without waiting for more: each write wakes the other process. */
const MOST_AT_ONCE = 16

/** Cuts a stream of bytes into frames; bodies are copies, and what they were cut from is wiped. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** Throws HSM_UNAVAILABLE `crashed` for what is no frame. */
  take(chunk: Buffer): Frame[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    let at = 0
    while (bytes.length - at >= HEAD) {
      const length = bytes.readUInt32LE(at)
      if (length > MAX_BODY) throw unavailable('crashed', { frame: length })
      const end = at + HEAD + length
      if (bytes.length < end) break
      const body = Buffer.allocUnsafe(length)
      bytes.copy(body, 0, at + HEAD, end)
      frames.push({ call: bytes.readUInt32LE(at + 4), kind: bytes.readUInt8(at + 8), body })
      at = end
    }
    const rest = Buffer.from(bytes.subarray(at))
    bytes.fill(0)
    this.#rest.fill(0)
    this.#rest = rest
    return frames
  }
}

interface Sink {
  write(bytes: Buffer, done: () => void): unknown
}

/** Gathers frames and writes those of one turn of the loop at once; its own copy is wiped when it was written. */
export class FrameWriter {
  readonly #sink: Sink
  #waiting: Frame[] = []
  #octets = 0
  #isDue = false
  readonly #later: (flush: () => void) => void
  readonly #wipes: boolean

  /**
   * `later` runs the write: after what is at work (`process.nextTick`), or after all that is ready (`setImmediate`).
   * `wipes`: bodies are given away, and wiped once they are copied.
   */
  constructor(sink: Sink, later: (flush: () => void) => void, wipes: boolean) {
    this.#sink = sink
    this.#later = later
    this.#wipes = wipes
  }

  put(frame: Frame): void {
    this.#waiting.push(frame)
    this.#octets += HEAD + frame.body.length
    if (this.#waiting.length >= MOST_AT_ONCE) return this.flush()
    if (this.#isDue) return
    this.#isDue = true
    this.#later(() => {
      this.#isDue = false
      this.flush()
    })
  }

  flush(): void {
    if (this.#waiting.length === 0) return
    const bytes = Buffer.allocUnsafe(this.#octets)
    let at = 0
    for (const { call, kind, body } of this.#waiting) {
      bytes.writeUInt32LE(body.length, at)
      bytes.writeUInt32LE(call, at + 4)
      bytes.writeUInt8(kind, at + 8)
      body.copy(bytes, at + HEAD)
      if (this.#wipes) body.fill(0)
      at += HEAD + body.length
    }
    this.#waiting = []
    this.#octets = 0
    this.#sink.write(bytes, () => bytes.fill(0))
  }
}
