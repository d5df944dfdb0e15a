import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Answer = (body: Uint8Array, response: ServerResponse, request: IncomingMessage) => void

/** A small HTTP server on this machine, for outside services in tests. Its answer may be changed while it runs. */
export class SmallServer {
  answer: Answer
  readonly #server: Server
  /** Requests so far. */
  asked = 0

  constructor(answer: Answer) {
    this.answer = answer
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        this.asked += 1
        this.answer(new Uint8Array(Buffer.concat(parts)), response, request)
      })
    })
  }

  static async start(answer: Answer): Promise<SmallServer> {
    const made = new SmallServer(answer)
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve))
    return made
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }
}
