import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Root takes a mount namespace; others one of their own users as well, where the machine lets them. */
const NAMESPACE = process.getuid?.() === 0 ? ['-m', '--propagation', 'private'] : ['-rm', '--propagation', 'private']
const PIECE = Buffer.alloc(64 * 1024)
const FILLER = 'filler-of-the-test'

/** Why no small disk can be had here; null where it can. */
export const whyNoSmallDisk = (): string | null => {
  const tried = spawnSync('unshare', [...NAMESPACE, 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', '/mnt'], {
    encoding: 'utf8',
  })
  if (tried.status === 0) return null
  return `needs a mount namespace: ${(tried.error?.message ?? tried.stderr).trim().split('\n')[0]}`
}

/** Runs a program of ours in mounts of its own, which end with it, and gives the JSON it prints last. */
export const runOnOwnMounts = (script: string, words: readonly string[] = []): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const command = [...NAMESPACE, '--', process.execPath, '--disable-warning=ExperimentalWarning', script, ...words]
    const child = spawn('unshare', command, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 400_000,
      killSignal: 'SIGKILL',
    })
    let [said, errors] = ['', '']
    child.stdout.on('data', (part: Buffer) => (said += part.toString()))
    child.stderr.on('data', (part: Buffer) => (errors += part.toString()))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(said.trim().split('\n').at(-1) ?? ''))
      else reject(new Error(`${signal ?? `exit ${code}`}: ${errors.slice(-4000)}`))
    })
  })

/** A file system of so many bytes at `folder`: only inside `runOnOwnMounts`. */
export class SmallDisk {
  readonly folder: string

  constructor(folder: string, bytes: number) {
    this.folder = folder
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'none', folder])
  }

  /** Bytes that can still be written. */
  get free(): number {
    const { bavail, bsize } = statfsSync(this.folder)
    return bavail * bsize
  }

  /** Writes until no more than `leave` bytes are left; with 0 until the file system itself refuses. */
  fill(leave = 0): void {
    const file = openSync(join(this.folder, FILLER), 'a')
    try {
      while (this.free > leave) writeSync(file, PIECE, 0, Math.min(PIECE.length, Math.max(1, this.free - leave)))
      // The rest of the last page.
      if (leave === 0) for (;;) writeSync(file, PIECE, 0, 1)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(file)
    }
  }

  /** Room again. */
  empty(): void {
    rmSync(join(this.folder, FILLER), { force: true })
  }
}
