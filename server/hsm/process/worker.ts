import { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { FrameReader, FrameWriter } from './frame.ts'
import { TokenServer } from './serve.ts'

/**
 * Entry of the process that holds a PKCS#11 module. Descriptor 3 is a pipe to the server; nobody else speaks to it.
 * When the server goes, so does this: at once, since a module that hangs would also hang an orderly end.
 */
const CHANNEL = 3
const WATCH_AFTER_MS = 1000
const gone = (): void => void process.kill(process.pid, 'SIGKILL')

const channel = new Socket({ fd: CHANNEL, readable: true, writable: true })
/** Where so many calls run, the next answer is near. */
const CROWD = 16
/** One answer alone goes at once; of some, those that are ready together go together; of a crowd, those of a moment. */
const later = (flush: () => void): void => {
  if (server.running === 0) process.nextTick(flush)
  else if (server.running < CROWD) setImmediate(flush)
  else setTimeout(flush, 1)
}
const writer = new FrameWriter(channel, later, true)
const reader = new FrameReader()
const server: TokenServer = new TokenServer(
  (frame) => writer.put(frame),
  () => channel.end(() => process.exit(0)),
)

channel.on('data', (chunk: Buffer) => {
  for (const frame of reader.take(chunk)) server.take(frame)
})
channel.on('close', gone)
channel.on('error', gone)
// Ctrl-C at a terminal goes to the whole group; the server ends this when it is done with it.
process.on('SIGINT', () => undefined)

/** A module that hangs also blocks the events above: this thread sees the server go, as another parent, all the same. */
const WATCH = `const parent = process.ppid
setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL') }, 1000)`
setTimeout(() => new Worker(WATCH, { eval: true }).unref(), WATCH_AFTER_MS).unref()
