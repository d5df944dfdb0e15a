import type { Log } from '../services/ports.ts'

const CLOSE_WITHIN_MS = 5_000

/**
 * What happens when an error met nobody: its cause is logged, the desk is closed (signed out, cards reset) and the
 * process ends. Going on in an unknown state with a session open would be worse. Gives what takes the watch away.
 */
export function endOnCrash(log: Log, close: () => Promise<void>, exit: (code: number) => void): () => void {
  const onCrash = (thrown: unknown) => {
    stop()
    log.error('desk.crashed', { error: thrown })
    const end = () => exit(1)
    setTimeout(end, CLOSE_WITHIN_MS).unref()
    close().then(end, end)
  }
  const stop = () => {
    process.off('uncaughtException', onCrash)
    process.off('unhandledRejection', onCrash)
  }
  process.on('uncaughtException', onCrash)
  process.on('unhandledRejection', onCrash)
  return stop
}
