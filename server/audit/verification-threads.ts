import { flushCompileCache, getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ResourceLimits } from 'node:worker_threads'

/**
 * A thread of a verification. It finds what the process compiled before and need not translate the sources again, which
 * would take more room than all else it does; its heap is kept small, since rows only pass through it.
 */
export const startThread = (file: URL, workerData: unknown, resourceLimits: ResourceLimits): Worker => {
  const cache = getCompileCacheDir()
  const env = cache === undefined ? {} : { env: { ...process.env, NODE_COMPILE_CACHE: dirname(cache) } }
  return new Worker(file, { workerData, resourceLimits, ...env })
}

/** Keeps what this thread compiled for the next one: it may be ended at any time. Call when all of it is loaded. */
export const keepCompiled = (): void => flushCompileCache()
