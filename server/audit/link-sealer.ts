import { sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { AppError } from '../../shared/contract/errors.ts'
import { MerkleFrontier, leafHash } from '../../shared/audit/merkle.ts'
import { SIGNATURE_BYTES, entryIn, fillRooms, lengthOf, placesOf } from './entry-run.ts'
import type { EntryRun } from './entry-run.ts'

/** A tree up to the entries that are signed, as `MerkleFrontier` gives it. */
export interface TreeEdge {
  readonly size: number
  readonly edge: Uint8Array
}

/** What the next entry is signed over, and the tree up to it. */
export interface SealedEnd {
  readonly signature: Uint8Array
  readonly tree: TreeEdge
}

/** Entries in a row, to be signed one over the other by an epoch's key. */
export interface SealTask {
  /** Given away: whoever asks does not have it until it is answered. */
  readonly run: EntryRun
  readonly key: KeyObject
  /** What they follow; null: what the task before it ends with, which nobody but the thread may know yet. */
  readonly after: SealedEnd | null
}

/** The run with all digests and signatures before in it, the entries' own signatures, and the tree over them. */
export interface Sealed {
  readonly run: EntryRun
  readonly signatures: Uint8Array
  readonly tree: TreeEdge
}

/** Signs them here and now, after what is given. */
export const sealLinks = ({ run, key }: Pick<SealTask, 'run' | 'key'>, after: SealedEnd): Sealed => {
  const bytes = Buffer.from(run.bytes.buffer, run.bytes.byteOffset, run.bytes.byteLength)
  const count = lengthOf(run)
  const signatures = new Uint8Array(count * SIGNATURE_BYTES)
  const tree = MerkleFrontier.fromBytes(after.tree.size, after.tree.edge)
  let last: Buffer = Buffer.from(after.signature)
  for (let index = 0; index < count; index += 1) {
    const places = placesOf(run, index)
    fillRooms(bytes, places, last)
    last = sign(null, bytes.subarray(places.entry, places.end), key)
    signatures.set(last, index * SIGNATURE_BYTES)
    tree.append(leafHash(entryIn(run, places)))
  }
  return { run, signatures, tree: { size: tree.size, edge: tree.toBytes() } }
}

/** What comes after these is signed over. */
export const endOf = ({ signatures, tree }: Sealed): SealedEnd => ({
  signature: signatures.slice(-SIGNATURE_BYTES),
  tree,
})

/** Fewer than this are signed sooner than another thread is asked. */
const WORTH_A_THREAD = 8

interface Waiting {
  readonly run: EntryRun
  resolve(sealed: Sealed): void
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

  /** Whether so many entries may be asked for `after: null` now: this run is what the thread was asked last, and is at. */
  follows(run: EntryRun, count: number): boolean {
    const waiting = this.#thread?.waiting ?? []
    return count >= WORTH_A_THREAD && waiting.at(-1)?.run === run
  }

  /** Throws CHAIN_KEY_UNUSABLE when the thread died, or has no task to follow. */
  async seal(task: SealTask): Promise<Sealed> {
    const { after, run } = task
    if (!after) {
      if (!this.#thread) throw new AppError('CHAIN_KEY_UNUSABLE', { reason: 'thread' })
      return this.#ask(this.#thread, task)
    }
    if (lengthOf(run) < WORTH_A_THREAD) return sealLinks(task, after)
    const thread = (this.#thread ??= this.#start())
    // Nobody waits for a thread to start.
    return thread.isReady ? this.#ask(thread, task) : sealLinks(task, after)
  }

  #ask(thread: Thread, task: SealTask): Promise<Sealed> {
    return new Promise((resolve, reject) => {
      // Whoever cannot be sent is answered by this throw, and waits for nothing.
      thread.worker.postMessage(task, [task.run.bytes.buffer])
      thread.waiting.push({ run: task.run, resolve, reject })
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
    worker.on('message', (sealed: Sealed | 'ready') => {
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
