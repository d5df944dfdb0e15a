import { readFileSync } from 'node:fs'
import { connect, type TLSSocket } from 'node:tls'

/**
 * Load generator in a process of its own: sends ready-made HTTP/1.1 requests over a few kept TLS connections, one at a
 * time each, and prints requests per second. It does as little as it can, so that the server is what is measured.
 */
interface Job {
  port: number
  caFile: string
  connections: number
  requestsFile: string
}

const job = JSON.parse(process.argv[2]!) as Job
const requests = readFileSync(job.requestsFile, 'latin1').split('\0')
const ca = readFileSync(job.caFile)
let next = 0

const open = (): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port: job.port, host: '127.0.0.1', ca, servername: 'localhost' }, () => resolve(socket))
    socket.once('error', reject)
  })

/** Sends until nothing is left. Answers must be 200 and carry a content-length. */
function drive(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    let got = ''
    const send = () => {
      if (next >= requests.length) return resolve()
      socket.write(requests[next++]!, 'latin1')
    }
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
      const head = got.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/content-length: (\d+)/i.exec(got)?.[1] ?? -1)
      if (got.length < head + 4 + length) return
      if (!got.startsWith('HTTP/1.1 200')) return reject(new Error(got.slice(0, 400)))
      got = ''
      send()
    })
    socket.on('error', reject)
    send()
  })
}

const sockets = await Promise.all(Array.from({ length: job.connections }, open))
const started = performance.now()
await Promise.all(sockets.map(drive))
const seconds = (performance.now() - started) / 1000
for (const socket of sockets) socket.destroy()
process.stdout.write(`${JSON.stringify({ perSecond: requests.length / seconds })}\n`)
