import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FromWorker, LaunchWorker } from './protocol.ts'

/**
 * Starts the worker as a child of plain Node. `entry` is the worker's file, by default the source beside this one;
 * `env` is added to this process's environment.
 */
export function forkWorker(options: { entry?: string; env?: Readonly<Record<string, string>> } = {}): LaunchWorker {
  const entry = options.entry ?? fileURLToPath(new URL('./index.ts', import.meta.url))
  return () => {
    const child = fork(entry, [], {
      serialization: 'advanced',
      execArgv: [],
      env: { ...process.env, ...options.env },
      // What a native module prints must not mix with what the desk prints for its starter.
      stdio: ['ignore', 2, 2, 'ipc'],
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
