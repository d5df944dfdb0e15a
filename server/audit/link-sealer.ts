import { sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { AppError } from '../../shared/contract/errors.ts'
import { entrySigningBytes } from '../../shared/audit/link.ts'
import { leafHash } from '../../shared/audit/merkle.ts'
import { joinHalves } from './entry-halves.ts'
import type { EntryHalves } from './entry-halves.ts'
import type { SealedLink } from './link-maker.ts'

/** Entries in a row, to be signed one over the other by an epoch's key. */
export interface SealTask {
  readonly halves: readonly EntryHalves[]
  readonly previous: Uint8Array
  readonly key: KeyObject
}

/** Signs them here and now. */
export const sealLinks = ({ halves, previous, key }: SealTask): readonly SealedLink[] => {
  let before = previous
  return halves.map((half) => {
    const bytes = joinHalves(half, before)
    before = new Uint8Array(sign(null, entrySigningBytes(bytes), key))
    return { bytes, signature: before, leaf: leafHash(bytes) }
  })
}

/** Fewer than this are signed sooner than another thread is asked. */
const WORTH_A_THREAD = 8

interface Waiting {
  resolve(sealed: readonly SealedLink[]): void
  reject(error: unknown): void
}

/** A thread and who waits for it, in the order they asked. */
interface Thread {
  readonly worker: Worker
  readonly waiting: Waiting[]
  isReady: boolean
}

/**
 * Signs in a thread of its own, so that the next entries are signed while the last are stored: signing is the larger
 * half of what an entry costs. The key goes to the thread as a handle, it never leaves the process. A thread that dies
 * rejects what it was asked, and is started again for the next.
 */
export class LinkSealer {
  readonly #newWorker: () => Worker
  #thread: Thread | null = null

  constructor(newWorker = (): Worker => new Worker(new URL('./link-sealer-worker.ts', import.meta.url))) {
    this.#newWorker = newWorker
  }

  /** Throws CHAIN_KEY_UNUSABLE when the thread died. */
  async seal(task: SealTask): Promise<readonly SealedLink[]> {
    if (task.halves.length < WORTH_A_THREAD) return sealLinks(task)
    const thread = (this.#thread ??= this.#start())
    // Nobody waits for a thread to start.
    if (!thread.isReady) return sealLinks(task)
    return new Promise((resolve, reject) => {
      thread.waiting.push({ resolve, reject })
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      thread.worker.postMessage(task)
    })
  }

  async close(): Promise<void> {
    const thread = this.#thread
    this.#thread = null
    await thread?.worker.terminate()
  }

  #start(): Thread {
    const worker = this.#newWorker()
    worker.unref()
    const thread: Thread = { worker, waiting: [], isReady: false }
    worker.on('message', (sealed: readonly SealedLink[] | 'ready') => {
      if (sealed === 'ready') thread.isReady = true
      else thread.waiting.shift()?.resolve(sealed)
    })
    // A thread that threw ends some moments later; another may be at work by then, with a queue of its own.
    const fail = (cause: unknown): void => {
      if (this.#thread === thread) this.#thread = null
      for (const one of thread.waiting.splice(0))
        one.reject(new AppError('CHAIN_KEY_UNUSABLE', { reason: 'thread' }, { cause }))
    }
    worker.on('error', fail)
    worker.on('exit', fail)
    return thread
  }
}
