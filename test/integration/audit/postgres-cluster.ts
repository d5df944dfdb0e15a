import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const DEBIAN = '/usr/lib/postgresql'

/** The folder of initdb and pg_ctl; null where PostgreSQL is not installed. */
export const findPostgres = (): string | null => {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort().reverse() : []
  const folders = [...versions.map((version) => join(DEBIAN, version, 'bin')), ...(process.env.PATH ?? '').split(':')]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'pg_ctl'))) ?? null
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })

const idOf = (flag: '-u' | '-g'): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))

export interface Cluster {
  /** A new, empty database. */
  create(name: string): string
  /** Ends the server at once and starts it again, as a crash would. */
  restart(): void
  stop(): void
}

/** A PostgreSQL of its own in a folder of its own, on the loopback. It refuses to run as root: then as its own user. */
export const startCluster = async (bin: string): Promise<Cluster> => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-pg-'))
  const isRoot = process.getuid?.() === 0
  const owner = isRoot ? { uid: idOf('-u'), gid: idOf('-g') } : {}
  if (isRoot) chownSync(folder, idOf('-u'), idOf('-g'))
  const run = (program: string, args: readonly string[]): void => {
    execFileSync(join(bin, program), args, { cwd: folder, stdio: 'ignore', ...owner })
  }
  const port = await freePort()
  const data = join(folder, 'data')
  run('initdb', ['-D', data, '-U', 'desk', '-A', 'trust', '-E', 'UTF8', '--locale=C'])
  const options = `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories=${folder}`
  const start = (): void => run('pg_ctl', ['-D', data, '-w', '-o', options, '-l', join(folder, 'log'), 'start'])
  start()
  return {
    create: (name) => {
      run('createdb', ['-h', '127.0.0.1', '-p', String(port), '-U', 'desk', name])
      return `postgres://desk@127.0.0.1:${port}/${name}`
    },
    restart: () => {
      run('pg_ctl', ['-D', data, '-w', '-m', 'immediate', 'stop'])
      start()
    },
    stop: () => {
      run('pg_ctl', ['-D', data, '-w', '-m', 'immediate', 'stop'])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
