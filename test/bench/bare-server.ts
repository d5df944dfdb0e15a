import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fastify from 'fastify'

/** What the API is compared with: Fastify, one JSON route, the instance's TLS, nothing else. */
const folder = process.argv[2]!
const body = JSON.parse(readFileSync(join(folder, 'bare.json'), 'utf8')) as object
const tls = { cert: readFileSync(join(folder, 'server/tls.pem')), key: readFileSync(join(folder, 'server/tls.key')) }
const app = fastify({ https: tls })
app.get('/api/v1/holders/:id', () => Promise.resolve(body))
app.get('/', (_request, reply) =>
  reply.type('text/html').send('<!doctype html><html lang="en"><title>Empty</title><p>Empty</p></html>'),
)
await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()
process.on('SIGTERM', () => process.exit(0))
process.stdout.write(`${JSON.stringify({ ready: true, port: typeof address === 'object' ? address?.port : null })}\n`)
