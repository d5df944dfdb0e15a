import { utilityProcess } from 'electron'
import type { LaunchWorker } from '../cards/index.ts'

type Message = Parameters<Parameters<ReturnType<LaunchWorker>['onMessage']>[0]>[0]

/** Starts the card worker as a utility process: native modules run there and nowhere else. */
export const utilityWorker = (entry: string): LaunchWorker => {
  return () => {
    const child = utilityProcess.fork(entry, [], { serviceName: 'Countersign card worker', stdio: 'ignore' })
    return {
      get pid() {
        return child.pid
      },
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a process has no origin
      post: (message) => child.postMessage(message),
      onMessage: (listener) => void child.on('message', (message: Message) => listener(message)),
      onExit: (listener) => void child.once('exit', () => listener()),
      kill: () => {
        // A module that blocks for ever also ignores a polite signal.
        if (child.pid === undefined) child.kill()
        else process.kill(child.pid, 'SIGKILL')
      },
    }
  }
}
