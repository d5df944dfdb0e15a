import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FromWorker, LaunchWorker } from './protocol.ts'

/** Starts the worker as a child of plain Node. `entry` is the worker's file; default: the source beside this one. */
export function forkWorker(entry = fileURLToPath(new URL('./index.ts', import.meta.url))): LaunchWorker {
  return () => {
    const child = fork(entry, [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    return {
      pid: child.pid,
      post: (message) => {
        // A worker on its way out takes no more messages; its exit is told on its own.
        if (child.connected) child.send(message, () => undefined)
      },
      onMessage: (listener) => void child.on('message', (message) => listener(message as FromWorker)),
      onExit: (listener) => {
        child.once('exit', listener)
        child.once('error', listener)
      },
      kill: () => void child.kill('SIGKILL'),
    }
  }
}
