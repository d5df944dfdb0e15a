import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { DemoInstance } from '../../main/launch/demo.ts'
import { ROOT, toolEnvironment } from '../../main/launch/setup.mjs'
import { alternate, round, type Figure } from './figure.ts'
import { withInstance } from './instance.ts'

/** Second `npm start -- --headless` from command to "ready", against an empty Fastify server over HTTPS started through npm. */
export async function* benchStart(): AsyncIterable<Figure> {
  const { ours, theirs, ratio } = await withInstance(async (instance) => {
    const empty = emptyProject(instance)
    return alternate(
      () =>
        timeToLine(ROOT, ['start', '--silent', '--', '--headless', '--data', instance.folder], 'Countersign is ready.'),
      () => timeToLine(empty, ['start', '--silent'], 'ready'),
    )
  })
  yield {
    name: 'start.ready',
    value: round(ours),
    unit: 'ms',
    ratio: round(ratio),
    against: `an empty Fastify server (${Math.round(theirs)} ms)`,
    bar: { max: 4 },
  }
}

function emptyProject(instance: DemoInstance): string {
  const folder = join(instance.folder, '..')
  const fastify = join(ROOT, 'node_modules/fastify/fastify.js')
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', scripts: { start: 'node server.mjs' } }))
  writeFileSync(
    join(folder, 'server.mjs'),
    `import { readFileSync } from 'node:fs'
import fastify from ${JSON.stringify(fastify)}
const app = fastify({ https: { cert: readFileSync('instance/server/tls.pem'), key: readFileSync('instance/server/tls.key') } })
app.get('/', async () => ({ ok: true }))
await app.listen({ host: '127.0.0.1', port: 0 })
console.log('ready')
process.on('SIGTERM', () => process.exit(0))
`,
  )
  return folder
}

/** Milliseconds from the command to a line of its output; the process group is ended afterwards. */
async function timeToLine(folder: string, npmArgs: readonly string[], line: string): Promise<number> {
  const started = performance.now()
  const child = spawn('npm', npmArgs, {
    cwd: folder,
    env: toolEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, 'exit')
  for await (const text of lines) if (text.includes(line)) break
  const ms = performance.now() - started
  process.kill(-child.pid!, 'SIGTERM')
  await ended
  return ms
}
