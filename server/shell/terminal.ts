/** Where people see how far a long command is, and from where they may end it. */
export interface Terminal {
  /** Replaces the line shown before; an empty one clears it. Nothing is shown where nobody looks. */
  show(line: string): void
  /**
   * Runs `body`. `cancel` is called once, at the first Ctrl-C (or SIGTERM), and `body` is to end by itself; a second one
   * ends the process.
   */
  cancellable<T>(cancel: () => void, body: () => Promise<T>): Promise<T>
}

/** For programs that call commands: nobody looks and nobody presses a key. */
export const NO_TERMINAL: Terminal = { show: () => undefined, cancellable: (_cancel, body) => body() }

interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}
interface Signals {
  once(name: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
  off(name: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
}

const WIDTH = 80

/** Progress goes to `stream` where it is a terminal, so that the answer on standard output stays whole. */
export const terminalOf = (stream: Stream, signals: Signals): Terminal => ({
  show: (line) => {
    if (stream.isTTY === true) stream.write(`\r\u001b[2K${line.slice(0, (stream.columns ?? WIDTH) - 1)}`)
  },
  cancellable: async (cancel, body) => {
    const listening = new AbortController()
    const onSignal = (): void => {
      listening.abort()
      cancel()
    }
    // Both go at the first: the next one finds no listener, and ends the process as it does by itself.
    listening.signal.addEventListener('abort', () => {
      signals.off('SIGINT', onSignal)
      signals.off('SIGTERM', onSignal)
    })
    signals.once('SIGINT', onSignal)
    signals.once('SIGTERM', onSignal)
    try {
      return await body()
    } finally {
      listening.abort()
    }
  },
})
