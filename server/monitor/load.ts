import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Requests of the last minute, memory and event loop, counted as cheaply as can be. */
export class Load {
  readonly #delay = monitorEventLoopDelay({ resolution: 20 })
  #minute = 0
  #now = 0
  #before = 0

  constructor() {
    this.#delay.enable()
  }

  count(at: number): void {
    const minute = Math.floor(at / 60_000)
    if (minute !== this.#minute) {
      this.#before = minute === this.#minute + 1 ? this.#now : 0
      this.#minute = minute
      this.#now = 0
    }
    this.#now += 1
  }

  read(at: number): { requestsPerMinute: number; memoryMb: number; eventLoopMs: number } {
    const share = (at % 60_000) / 60_000
    const eventLoopMs = Math.round(this.#delay.mean / 10_000) / 100
    this.#delay.reset()
    return {
      requestsPerMinute: Math.round(this.#now + this.#before * (1 - share)),
      memoryMb: Math.round(process.memoryUsage.rss() / 1_048_576),
      eventLoopMs: Number.isFinite(eventLoopMs) ? eventLoopMs : 0,
    }
  }

  close(): void {
    this.#delay.disable()
  }
}
