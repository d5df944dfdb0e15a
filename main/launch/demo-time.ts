import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'

/** What makes a demonstration's time-stamping authority, below its instance's folder. */
export const DEMO_TIME = 'demo-time'
const MOST_BYTES = 16 * 1024

const bodyOf = async (request: IncomingMessage): Promise<Uint8Array> => {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > MOST_BYTES) throw new Error('too large')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** An authority that answers, or why none does. */
export type DemoTime = { readonly url: string; close(): void } | { readonly url: null; readonly why: string }

/**
 * The demonstration's own time-stamping authority (RFC 3161 over HTTP, 3.4), and the revocation list of its root, on the
 * loopback address alone. A start waits for its port and no more: keys are read when somebody first asks. Null for an
 * instance that has none. It takes this machine's clock and whoever asks: good for nothing but a demonstration.
 */
export const startDemoTime = async (instance: string): Promise<DemoTime | null> => {
  const folder = join(instance, DEMO_TIME)
  const marker = join(folder, 'authority.json')
  if (!existsSync(marker)) return null
  const { port } = JSON.parse(readFileSync(marker, 'utf8')) as { port: number }
  const answer = async (request: IncomingMessage): Promise<{ type: string; bytes: Uint8Array } | null> => {
    const { method, url } = request
    if (method === 'POST' && url === '/') {
      const { stamp } = await import('./demo-time-stamp.ts')
      return { type: 'application/timestamp-reply', bytes: await stamp(folder, await bodyOf(request)) }
    }
    if (method !== 'GET' || url !== '/root.crl') return null
    const { revocationList } = await import('./demo-time-stamp.ts')
    return { type: 'application/pkix-crl', bytes: await revocationList(folder) }
  }
  const server = createServer((request, response) => {
    const serve = async (): Promise<void> => {
      // Whoever asks badly is told so; a demonstration has nobody to log it for.
      const given = await answer(request).catch(() => 'refused' as const)
      if (given === 'refused') response.writeHead(400).end()
      else if (given === null) response.writeHead(404).end()
      else response.writeHead(200, { 'content-type': given.type }).end(given.bytes)
    }
    void serve()
  })
  return new Promise((resolve) => {
    server.once('error', (error) => resolve({ url: null, why: error.message }))
    server.listen(port, '127.0.0.1', () => {
      server.unref()
      resolve({
        url: `http://127.0.0.1:${port}/`,
        close: () => {
          server.close()
          server.closeAllConnections()
        },
      })
    })
  })
}
