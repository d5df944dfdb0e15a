import { availableParallelism } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { AppError } from '../../shared/contract/errors.ts'
import { verifyInParallel } from '../../shared/audit/parallel.ts'
import type { ParallelOptions } from '../../shared/audit/parallel.ts'
import type { StoredChain } from '../../shared/audit/stored.ts'
import type { VerificationMode, Verdict } from '../../shared/audit/verdict.ts'
import { contextOf, verifyChain } from '../../shared/audit/verification.ts'
import type { WalkPosition } from '../../shared/audit/verification.ts'
import { decodePosition, encodePosition } from '../../shared/audit/walk-codec.ts'
import { openAuditReader } from '../db/open.ts'
import type { DatabaseLocation, Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'
import { inSnapshot } from '../db/transaction.ts'
import { readStoredChain } from './stored-chain.ts'
import { SegmentWorkers } from './verification-pool.ts'
import { keepCompiled } from './verification-threads.ts'

/** What the worker is started with. `cancel` becomes 1 when the run is to end: this thread never waits for messages. */
export interface VerificationTask {
  readonly location: DatabaseLocation
  readonly chain: string
  readonly mode: VerificationMode
  readonly trustedKeyIds: readonly string[]
  readonly cancel: Int32Array
  /** Where an earlier run of the same came to (`saved`); it goes on from there if the chain still holds that place. */
  readonly walk?: Uint8Array | null
  /** How often to tell of the place come to, in ms; never when left out. */
  readonly saveMs?: number
  /** Threads that walk, this one included; as many as there are cores when left out. */
  readonly threads?: number
}

export type VerificationMessage =
  | { readonly kind: 'progress'; readonly checked: number; readonly total: number }
  | { readonly kind: 'saved'; readonly position: number; readonly walk: Uint8Array }
  /** It goes on from the place it was given; the first entry it looks at. */
  | { readonly kind: 'resumed'; readonly position: number }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'error'; readonly code: string }

/** How often it is looked at whether the run is to end. */
const LOOK_MS = 100
/** Fewer entries are walked by this thread alone before others would have started. */
const THREADS_FROM = 5000

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
const send = (message: VerificationMessage): void => parentPort?.postMessage(message)

/** The saved place, if the chain of this snapshot still has it: the last entry walked is there with its signature. */
const resume = async (stored: StoredChain, task: VerificationTask): Promise<WalkPosition | null> => {
  if (!task.walk) return null
  const context = contextOf(stored, task)
  const position = decodePosition(task.walk, context)
  const last = (position?.state.expected ?? 0) - 1
  if (
    !position ||
    position.anchor.expected < (stored.cut?.size ?? 0) ||
    position.state.from !== (stored.cut?.size ?? 0)
  )
    return null
  for await (const [row] of stored.entries(last)) {
    const isThere = row?.sequence === last && Buffer.compare(row.signature, position.state.previous) === 0
    return isThere ? position : null
  }
  return null
}

/** Tells of a place at most so often. */
const saver = (saveMs: number | undefined): ((position: WalkPosition) => void) => {
  let savedAt = performance.now()
  return (position) => {
    if (saveMs === undefined || performance.now() - savedAt < saveMs) return
    savedAt = performance.now()
    send({ kind: 'saved', position: position.state.expected, walk: encodePosition(position) })
  }
}

const verifyByThreads = async (
  stored: StoredChain,
  { location, chain, threads = availableParallelism() }: VerificationTask,
  options: Omit<ParallelOptions, 'pool'>,
): Promise<Verdict> => {
  const pool = await SegmentWorkers.open({ location, chain, keys: stored.keys }, threads)
  // Whoever waits for a segment waits no longer.
  options.signal?.addEventListener('abort', () => void pool.close())
  try {
    return await verifyInParallel(stored, { ...options, pool })
  } finally {
    await pool.close()
  }
}

const verify = async (
  reader: Opened<AuditDb>,
  task: VerificationTask,
  abort: AbortController,
): Promise<VerificationMessage> =>
  inSnapshot(reader.db, reader.dialect, async (trx) => {
    const { chain, mode, trustedKeyIds } = task
    const stored = await readStoredChain(trx, chain)
    const total = (stored.head?.sequence ?? -1) + 1
    const look = (): void => {
      if (Atomics.load(task.cancel, 0) === 1) abort.abort()
    }
    const onProgress = (checked: number): void => {
      look()
      send({ kind: 'progress', checked: Math.min(checked, total), total })
    }
    const position = await resume(stored, task)
    if (position) send({ kind: 'resumed', position: position.state.expected })
    const looking = setInterval(look, LOOK_MS)
    const seen = { onProgress, signal: abort.signal, onPosition: saver(task.saveMs) }
    const options = { mode, trustedKeyIds, ...seen, ...(position ? { position } : {}) }
    try {
      const left = total - (position?.state.expected ?? 0)
      const isSmall = task.threads === undefined && left < THREADS_FROM
      const verdict = isSmall ? await verifyChain(stored, options) : await verifyByThreads(stored, task, options)
      return { kind: 'verdict', verdict } as const
    } finally {
      clearInterval(looking)
    }
  })

const run = async (task: VerificationTask): Promise<VerificationMessage> => {
  keepCompiled()
  const reader = await openAuditReader(task.location)
  const abort = new AbortController()
  try {
    return await verify(reader, task, abort)
  } catch (error) {
    if (abort.signal.aborted) return { kind: 'cancelled' }
    return { kind: 'error', code: error instanceof AppError ? error.code : 'INTERNAL' }
  } finally {
    await reader.close()
  }
}

if (parentPort) send(await run(workerData as VerificationTask))
