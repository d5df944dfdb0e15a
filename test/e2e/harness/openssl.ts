import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import type { World } from './world.ts'

/** Runs openssl; throws what it wrote when it fails. */
export const openssl = (args: readonly string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** What the server publishes at a path, over TLS verified against its own root. */
export function fetchPublic(world: World, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const ask = request(
      new URL(path, world.instance.serverUrl),
      { ca: readFileSync(world.instance.caFile), agent: false },
      (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () =>
          answer.statusCode === 200
            ? resolve(Buffer.concat(parts))
            : reject(new Error(`${path}: ${answer.statusCode}`)),
        )
      },
    )
    ask.on('error', reject)
    ask.end()
  })
}

/** Saves a DER certificate as PEM and gives the file. */
export function savePem(folder: string, name: string, der: Uint8Array): string {
  const [from, to] = [join(folder, `${name}.der`), join(folder, `${name}.pem`)]
  writeFileSync(from, der)
  openssl(['x509', '-inform', 'DER', '-in', from, '-out', to])
  return to
}
