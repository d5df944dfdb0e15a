/**
 * The server's clock as seen from here: proofs more than a minute off are refused, and a console may run on a machine
 * whose clock is wrong.
 */
export interface ServerClock {
  readonly now: () => number
  /** Learns from an answer that carries the server's time, asked for at `askedAt` of the local clock. */
  readonly learn: (serverTimeMs: number, askedAt: number) => void
}

export const createServerClock = (local: () => number = Date.now): ServerClock => {
  let offsetMs = 0
  return {
    now: () => local() + offsetMs,
    learn(serverTimeMs, askedAt) {
      offsetMs = serverTimeMs - (askedAt + local()) / 2
    },
  }
}
