import { spawn, type ChildProcess } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getCompileCacheDir } from 'node:module'

export interface LaunchOptions {
  /** Sessions that sign at the same time: each keeps a thread of the pool. */
  readonly sessions: number
  /** Added to this process's environment; never a secret. */
  readonly env: Readonly<Record<string, string>>
}

export interface Launched {
  readonly process: ChildProcess
  readonly channel: Duplex
}

const ENTRY = fileURLToPath(new URL('./worker.ts', import.meta.url))
const THREADS = 4
/**
 * One signature takes and gives back some hundred small pieces of memory inside SoftHSM2 and OpenSSL, more than glibc
 * keeps at hand for a thread unless it is told to; other libraries do not know this name.
 */
const ALLOCATOR = { GLIBC_TUNABLES: 'glibc.malloc.tcache_count=1000' }

/** Starts the process for a module. What modules print goes to standard error, never between our own lines. */
export function launch({ sessions, env }: LaunchOptions): Launched {
  const cache = getCompileCacheDir()
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ENTRY], {
    stdio: ['ignore', 2, 2, 'pipe'],
    env: {
      ...ALLOCATOR,
      ...process.env,
      ...env,
      UV_THREADPOOL_SIZE: String(Math.max(THREADS, sessions)),
      ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }),
    },
    windowsHide: true,
  })
  // The fourth descriptor was asked for as a pipe: a duplex stream, whatever the type of the list says.
  return { process: child, channel: child.stdio[3] as Duplex }
}
