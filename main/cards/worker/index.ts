import { Worker } from 'node:worker_threads'
import type { FromWorker, ToWorker, WorkerPort } from './protocol.ts'
import { runWorker } from './run-worker.ts'

/**
 * Entry of the card worker's process. Started by `fork` (plain Node) or as a utility process (Electron, which puts
 * `parentPort` on `process`). Nothing but the supervisor speaks to it.
 */
interface ParentPort {
  postMessage(message: FromWorker): void
  on(event: 'message', listener: (event: { data: ToWorker }) => void): void
}
const parent = (process as typeof process & { parentPort?: ParentPort }).parentPort

const port: WorkerPort = {
  post: (message) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a process port has no origin
    if (parent !== undefined) parent.postMessage(message)
    else if (process.connected) process.send?.(message)
  },
  onMessage: (listener) => {
    if (parent !== undefined) parent.on('message', (event) => listener(event.data))
    else process.on('message', (message) => listener(message as ToWorker))
  },
  onDisconnect: (listener) => void process.on('disconnect', listener),
}

/**
 * A native module that blocks for ever also blocks `disconnect`: this thread sees the desk go all the same (its
 * process gets another parent) and ends the worker, so that none outlives its desk holding a card.
 */
const WATCH = `const parent = process.ppid
setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL') }, 1000)`
new Worker(WATCH, { eval: true }).unref()

runWorker(port, (code) => process.exit(code))
