import type { Worker } from 'node:worker_threads'
import { AppError } from '../../shared/contract/errors.ts'
import type { SegmentPool } from '../../shared/audit/parallel.ts'
import type { SegmentOutcome, SegmentTask } from '../../shared/audit/segment.ts'
import type { SegmentAnswer, SegmentWorkerData } from './verification-segment-worker.ts'
import { startThread } from './verification-threads.ts'

interface Asked {
  readonly id: number
  readonly task: SegmentTask
  readonly resolve: (outcome: SegmentOutcome) => void
  readonly reject: (error: unknown) => void
}

/** A thread keeps little: rows pass through it. Young objects are many, so their space is kept small on purpose. */
const LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 }

/** Threads that walk segments of one chain, each with a connection of its own. Close it, also after an error. */
export class SegmentWorkers implements SegmentPool {
  readonly #workers: Worker[]
  readonly #idle: Worker[]
  readonly #waiting: Asked[] = []
  readonly #asked = new Map<number, Asked>()
  #next = 0
  #failed: AppError | null = null

  constructor(data: SegmentWorkerData, size: number) {
    const url = new URL('./verification-segment-worker.ts', import.meta.url)
    this.#workers = Array.from({ length: size }, () => startThread(url, data, LIMITS))
    this.#idle = [...this.#workers]
    for (const worker of this.#workers) {
      worker.on('message', (answer: SegmentAnswer) => this.#answered(worker, answer))
      worker.on('error', (cause) => this.#fail(cause))
      worker.on('exit', () => this.#fail(null))
    }
  }

  get size(): number {
    return this.#workers.length
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
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #give(): void {
    while (this.#waiting.length > 0 && this.#idle.length > 0) {
      const [asked, worker] = [this.#waiting.shift(), this.#idle.pop()]
      if (!asked || !worker) return
      this.#asked.set(asked.id, asked)
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
      worker.postMessage({ id: asked.id, task: asked.task })
    }
  }

  #answered(worker: Worker, { id, outcome }: SegmentAnswer): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    this.#idle.push(worker)
    asked?.resolve(outcome ?? { kind: 'unsure', sequence: asked.task.from })
    this.#give()
  }

  #fail(cause: unknown): void {
    this.#failed ??= new AppError('INTERNAL', { reason: 'verification-worker' }, { cause })
    for (const asked of [...this.#waiting.splice(0), ...this.#asked.values()]) asked.reject(this.#failed)
    this.#asked.clear()
  }
}
