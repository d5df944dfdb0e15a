import { readFileSync } from 'node:fs'
import { connect, type TLSSocket } from 'node:tls'

/**
 * Load generator in a process of its own: sends ready-made HTTP/1.1 requests over kept TLS connections, one at a time
 * each, so many that the server always has one waiting, and prints requests per second. It does as little as it can,
 * and the same for whoever answers, so that the server is what is measured.
 */
interface Job {
  port: number
  caFile: string
  connections: number
  requestsFile: string
}

const OK = Buffer.from('HTTP/1.1 200')
const HEAD_END = Buffer.from('\r\n\r\n')

const job = JSON.parse(process.argv[2]!) as Job
const requests = readFileSync(job.requestsFile, 'latin1')
  .split('\0')
  .map((text) => Buffer.from(text, 'latin1'))
const ca = readFileSync(job.caFile)
let next = 0

const open = (): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port: job.port, host: '127.0.0.1', ca, servername: 'localhost' }, () => resolve(socket))
    socket.setNoDelay(true)
    socket.once('error', reject)
  })

/** Bytes of an answer as its head tells, or null while the head is not whole. Throws unless it is 200 with a length. */
function answerLength(got: Buffer): number | null {
  const end = got.indexOf(HEAD_END)
  if (end < 0) return null
  const length = /content-length: (\d+)/i.exec(got.toString('latin1', 0, end))?.[1]
  if (OK.compare(got, 0, OK.length) !== 0 || length === undefined) throw new Error(got.toString('latin1', 0, 400))
  return end + HEAD_END.length + Number(length)
}

/** Sends until nothing is left. */
function drive(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    let got: Buffer | null = null
    const send = () => {
      if (next >= requests.length) return resolve()
      socket.write(requests[next++]!)
    }
    socket.on('data', (chunk: Buffer) => {
      const all: Buffer = got === null ? chunk : Buffer.concat([got, chunk])
      got = all
      try {
        const length = answerLength(all)
        if (length === null || all.length < length) return
      } catch (error) {
        return reject(error as Error)
      }
      got = null
      send()
    })
    socket.on('error', reject)
    send()
  })
}

// Never asleep: whoever writes to a sleeping process pays for waking it, which would be the slower server of two.
let isDone = false
const stayAwake = () => {
  if (!isDone) setImmediate(stayAwake)
}

const sockets = await Promise.all(Array.from({ length: job.connections }, open))
stayAwake()
const started = performance.now()
await Promise.all(sockets.map(drive))
const seconds = (performance.now() - started) / 1000
isDone = true
for (const socket of sockets) socket.destroy()
process.stdout.write(`${JSON.stringify({ perSecond: requests.length / seconds })}\n`)
