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

/**
 * Signs in a thread of its own, so that the next entries are signed while the last are stored: signing is the larger
 * half of what an entry costs. The key goes to the thread as a handle, it never leaves the process. A thread that dies
 * rejects what it was asked, and is started again for the next.
 */
export class LinkSealer {
  #worker: Worker | null = null
  #isReady = false
  #waiting: Waiting[] = []

  /** Throws CHAIN_KEY_UNUSABLE when the thread died. */
  async seal(task: SealTask): Promise<readonly SealedLink[]> {
    if (task.halves.length < WORTH_A_THREAD) return sealLinks(task)
    const worker = (this.#worker ??= this.#start())
    // Nobody waits for a thread to start.
    if (!this.#isReady) return sealLinks(task)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(task)
    })
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
    this.#worker = null
  }

  #start(): Worker {
    const worker = new Worker(new URL('./link-sealer-worker.ts', import.meta.url))
    worker.unref()
    worker.on('message', (sealed: readonly SealedLink[] | 'ready') => {
      if (sealed === 'ready') this.#isReady = true
      else this.#waiting.shift()?.resolve(sealed)
    })
    const fail = (cause: unknown): void => {
      if (this.#worker === worker) this.#worker = null
      this.#isReady = false
      const waiting = this.#waiting
      this.#waiting = []
      for (const one of waiting) one.reject(new AppError('CHAIN_KEY_UNUSABLE', { reason: 'thread' }, { cause }))
    }
    worker.on('error', fail)
    worker.on('exit', fail)
    return worker
  }
}
