import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { AppError } from '../../shared/contract/errors.ts'
import { createSignatureVerifier } from '../../shared/audit/crypto.ts'
import type { SegmentPool } from '../../shared/audit/parallel.ts'
import { walkSegment } from '../../shared/audit/segment.ts'
import type { SegmentOutcome, SegmentSource, SegmentTask } from '../../shared/audit/segment.ts'
import { openSegmentReader } from './verification-reader.ts'
import type { SegmentReader } from './verification-rows.ts'
import type { SegmentAnswer, SegmentWorkerData } from './verification-segment-worker.ts'
import { startThread } from './verification-threads.ts'

interface Asked {
  readonly id: number
  readonly task: SegmentTask
  readonly resolve: (outcome: SegmentOutcome) => void
  readonly reject: (error: unknown) => void
}

/**
 * A thread keeps little: rows pass through it. Young objects are many, so their space is kept small on purpose; half of
 * it would be cleared twice as often, and each clearing waits for helpers that have no core of their own.
 */
const LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 64 }
/** One that is being walked and one that waits: this thread walks too, and hands out the next only between batches. */
const HELD_MAX = 2

/**
 * Walks segments of one chain: in this thread, which would else only wait, and in threads beside it, each with a
 * connection of its own. A thread takes more room than all that passes through it. Close it, also after an error.
 */
export class SegmentWorkers implements SegmentPool {
  readonly #reader: SegmentReader
  readonly #keys: ReadonlyMap<string, SegmentWorkerData['keys'][number]>
  readonly #verify = createSignatureVerifier()
  /** How many each thread holds. */
  readonly #held: Map<Worker, number>
  readonly #waiting: Asked[] = []
  readonly #asked = new Map<number, Asked>()
  #own: Promise<void> | null = null
  #next = 0
  #failed: AppError | null = null

  private constructor(reader: SegmentReader, { keys }: SegmentWorkerData, workers: readonly Worker[]) {
    this.#reader = reader
    this.#keys = new Map(keys.map((key) => [key.keyId, key]))
    this.#held = new Map(workers.map((worker) => [worker, 0]))
    for (const worker of workers) {
      worker.on('message', (answer: SegmentAnswer) => this.#answered(worker, answer))
      worker.on('error', (cause) => this.#fail(cause))
      worker.on('exit', () => this.#fail(null))
    }
  }

  /** `size`: threads that walk, this one included. */
  static async open(data: SegmentWorkerData, size: number): Promise<SegmentWorkers> {
    const reader = await openSegmentReader(data.location, data.chain)
    const url = new URL('./verification-segment-worker.ts', import.meta.url)
    const workers = Array.from({ length: size - 1 }, () => startThread(url, data, LIMITS))
    return new SegmentWorkers(reader, data, workers)
  }

  get size(): number {
    return this.#held.size + 1
  }

  /** Rejects INTERNAL (`verification-worker`) when a thread ended. */
  run(task: SegmentTask): Promise<SegmentOutcome> {
    return new Promise((resolve, reject) => {
      if (this.#failed) return reject(this.#failed)
      this.#waiting.push({ id: this.#next, task, resolve, reject })
      this.#next += 1
      this.#give()
    })
  }

  async close(): Promise<void> {
    this.#fail(null)
    await Promise.all([...this.#held.keys()].map((worker) => worker.terminate()))
    await this.#own
    await this.#reader.close()
  }

  /** To a thread that has nothing to do; then to this one; then to one that will be done first. */
  #give(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#leastBusy()
      const held = worker ? (this.#held.get(worker) ?? 0) : HELD_MAX
      const isOwn = held > 0 && !this.#own
      if (!isOwn && held >= HELD_MAX) return
      const asked = this.#waiting.shift()
      if (!asked) return
      this.#asked.set(asked.id, asked)
      if (isOwn) this.#own = this.#walk(asked)
      else if (worker) {
        this.#held.set(worker, held + 1)
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
        worker.postMessage({ id: asked.id, task: asked.task })
      }
    }
  }

  #leastBusy(): Worker | null {
    let best: Worker | null = null
    let least = HELD_MAX
    for (const [worker, held] of this.#held) if (held < least) [best, least] = [worker, held]
    return best
  }

  /** In this thread; what came meanwhile has its turn after each batch of rows, and after the segment. */
  async #walk(asked: Asked): Promise<void> {
    await nextTurn()
    const outcome = await walkSegment(asked.task, this.#source(), this.#keys, this.#verify).catch(() => null)
    this.#own = null
    this.#tell(asked.id, outcome)
  }

  #source(): SegmentSource {
    const [reader, isEnded] = [this.#reader, () => this.#failed !== null]
    return {
      isCopyOf: (copy, signature) => reader.isCopyOf(copy, signature),
      async *rows(from, to) {
        for await (const batch of reader.rows(from, to)) {
          yield batch
          await nextTurn()
          if (isEnded()) return
        }
      },
    }
  }

  #answered(worker: Worker, { id, outcome }: SegmentAnswer): void {
    this.#held.set(worker, (this.#held.get(worker) ?? 1) - 1)
    this.#tell(id, outcome)
  }

  /** What could not be read is read again in order, where its error is told. */
  #tell(id: number, outcome: SegmentOutcome | null): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    asked?.resolve(outcome ?? { kind: 'unsure', sequence: asked.task.from })
    this.#give()
  }

  #fail(cause: unknown): void {
    this.#failed ??= new AppError('INTERNAL', { reason: 'verification-worker' }, { cause })
    for (const asked of [...this.#waiting.splice(0), ...this.#asked.values()]) asked.reject(this.#failed)
    this.#asked.clear()
  }
}
