import type { Transmit } from '../reader/apdu.ts'

/** How long cards took to answer, and how many commands they got: what is left of a call is the desk's own time. */
export class CardClock {
  #ms = 0
  #commands = 0

  read(): { ms: number; commands: number } {
    return { ms: this.#ms, commands: this.#commands }
  }

  timed(transmit: Transmit): Transmit {
    return async (command) => {
      const started = performance.now()
      try {
        return await transmit(command)
      } finally {
        this.#ms += performance.now() - started
        this.#commands++
      }
    }
  }
}
