import { closeSync, openSync } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import { AppError } from '../../shared/contract/errors.ts'
import { startThread } from '../audit/verification-threads.ts'
import { writeFailure, type Budget, type Written } from './file-sink.ts'
import { FULL_DISK, IN_FLIGHT, SHARED_BYTES, STATE, type SinkAnswer, type SinkData } from './sink-state.ts'

const PIECE_BYTES = 1024 * 1024
const PIECES_MAX = 4
const WORKER = new URL('./sink-worker.ts', import.meta.url)
const LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 }
/** A thread that took nothing for so long is not there any more. */
const STUCK_MS = 60_000

/**
 * As `FileSink`, and another thread digests and writes: whoever renders waits for neither hash nor disk, but for room
 * where more than a few pieces are under way.
 */
export class ThreadSink {
  readonly #file: number
  readonly #budget: Budget
  readonly #worker: Worker
  readonly #answer: Promise<SinkAnswer>
  readonly #state: Int32Array
  /** Filled and emptied in turn: with so many under way at most, the next is free. */
  readonly #buffers = Array.from({ length: PIECES_MAX + 1 }, () => Buffer.from(new SharedArrayBuffer(PIECE_BYTES)))
  #turn = 0
  #used = 0
  #isOpen = true

  /** Throws EXPORT_DISK_FULL, and where there is such a file. */
  constructor(path: string, budget: Budget, hashes: readonly string[] = []) {
    this.#budget = budget
    try {
      this.#file = openSync(path, 'wx', 0o600)
    } catch (error) {
      throw writeFailure(error)
    }
    const shared = new SharedArrayBuffer(SHARED_BYTES)
    this.#state = new Int32Array(shared)
    const others = hashes.filter((hash) => hash !== 'sha256')
    const workerData: SinkData = { file: this.#file, hashes: others, shared }
    this.#worker = startThread(WORKER, workerData, LIMITS)
    this.#answer = answerOf(this.#worker)
    this.#answer.catch(() => undefined)
  }

  text(text: string): void {
    // UTF-8 takes at most three bytes for a unit of UTF-16.
    if (text.length * 3 > PIECE_BYTES - this.#used) this.#flush()
    if (text.length * 3 > PIECE_BYTES) this.#send(Buffer.from(text, 'utf8'))
    else this.#used += this.#buffer().write(text, this.#used, 'utf8')
  }

  /** Durable when it resolves. Throws EXPORT_DISK_FULL. */
  async close(): Promise<Written> {
    this.#flush()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
    this.#worker.postMessage(null)
    const { bytes, crc32, digests, failure } = await this.#answer
    this.#isOpen = false
    closeSync(this.#file)
    if (failure) throw writeFailure(failure)
    const made = new Map(digests)
    return { bytes, crc32, sha256: Buffer.from(made.get('sha256') ?? []).toString('hex'), digests: made }
  }

  /** Leaves what there is, for whoever removes the folder. Nothing after `close`. */
  async abandon(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#worker.terminate()
    closeSync(this.#file)
  }

  #flush(): void {
    if (this.#used === 0) return
    const piece = this.#buffer().subarray(0, this.#used)
    this.#turn = (this.#turn + 1) % this.#buffers.length
    this.#used = 0
    this.#send(piece)
  }

  #buffer(): Buffer {
    const buffer = this.#buffers[this.#turn]
    if (!buffer) throw new AppError('INTERNAL', { reason: 'sink' })
    return buffer
  }

  #send(piece: Uint8Array): void {
    this.#budget.spend(piece.length)
    const failed = Atomics.load(this.#state, STATE)
    if (failed !== 0) throw new AppError(failed === FULL_DISK ? 'EXPORT_DISK_FULL' : 'INTERNAL', { reason: 'disk' })
    this.#awaitRoom()
    Atomics.add(this.#state, IN_FLIGHT, 1)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
    this.#worker.postMessage(piece)
  }
  #awaitRoom(): void {
    const until = performance.now() + STUCK_MS
    for (;;) {
      const under = Atomics.load(this.#state, IN_FLIGHT)
      if (under < PIECES_MAX) return
      if (performance.now() > until) throw new AppError('WORKER_CRASHED')
      Atomics.wait(this.#state, IN_FLIGHT, under, 1000)
    }
  }
}

const answerOf = (worker: Worker): Promise<SinkAnswer> =>
  new Promise((resolve, reject) => {
    worker.on('message', resolve)
    worker.on('error', (cause) => reject(new AppError('WORKER_CRASHED', {}, { cause })))
    worker.on('exit', () => reject(new AppError('WORKER_CRASHED')))
  })
