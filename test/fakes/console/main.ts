import { parseArgs } from 'node:util'
import { ordinaryBehaviour, startFakeConsoleServer } from './server.ts'

/** `node test/fakes/console/main.ts [--port N] [--files DIR]`; a line on standard input decides: `approve AO SA` or `refuse`. */
const { values } = parseArgs({ options: { port: { type: 'string' }, files: { type: 'string' } } })
const behaviour = ordinaryBehaviour()
const server = await startFakeConsoleServer(behaviour, {
  port: Number(values.port ?? 0),
  ...(values.files === undefined ? {} : { files: values.files }),
})
console.log(`fake console server on ${server.url}/console/`)
process.stdin.setEncoding('utf8')
for await (const line of process.stdin) {
  const [word, ...roles] = String(line).trim().split(/\s+/)
  if (roles.length > 0) behaviour.roles = roles as typeof behaviour.roles
  server.decide(word === 'approve')
}
