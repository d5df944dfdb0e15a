import { availableParallelism } from 'node:os'
import { parentPort, Worker } from 'node:worker_threads'
import { createSignatureVerifier } from '../../shared/audit/crypto.ts'
import { findInvalid, type SignatureJob, type SignaturePool } from '../../shared/exports/signature-pool.ts'

interface Task {
  readonly id: number
  /** Each key once; a job names its place. */
  readonly keys: readonly Uint8Array[]
  readonly jobs: readonly { readonly key: number; readonly body: Uint8Array; readonly signature: Uint8Array }[]
}
interface Done {
  readonly id: number
  readonly invalid: number
}

/** What a thread does, for as long as there are tasks. Keys are the same objects again, so that each is read once. */
export const serveSignatures = (): void => {
  const verify = createSignatureVerifier()
  const known = new Map<string, Uint8Array>()
  const keyOf = (spki: Uint8Array): Uint8Array => {
    const name = Buffer.from(spki).toString('latin1')
    const key = known.get(name) ?? spki
    known.set(name, key)
    return key
  }
  parentPort?.on('message', ({ id, keys, jobs }: Task) => {
    const own = keys.map(keyOf)
    const list = jobs.map(({ key, ...rest }) => ({ spki: own[key] ?? new Uint8Array(0), ...rest }))
    const done: Done = { id, invalid: findInvalid(list, verify) }
    // A thread has one owner: there is no origin to name.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    parentPort?.postMessage(done)
  })
}

/** Bodies and signatures in one piece of memory, which is handed over and not copied again. */
const pack = (id: number, jobs: readonly SignatureJob[]): { readonly task: Task; readonly memory: ArrayBuffer } => {
  const length = jobs.reduce((sum, { body, signature }) => sum + body.length + signature.length, 0)
  const memory = new ArrayBuffer(length)
  const whole = new Uint8Array(memory)
  const keys = [...new Set(jobs.map(({ spki }) => spki))]
  const places = new Map(keys.map((key, place) => [key, place]))
  let at = 0
  const put = (bytes: Uint8Array): Uint8Array => {
    whole.set(bytes, at)
    at += bytes.length
    return new Uint8Array(memory, at - bytes.length, bytes.length)
  }
  const packed = jobs.map(({ spki, body, signature }) => ({
    key: places.get(spki) ?? 0,
    body: put(body),
    signature: put(signature),
  }))
  return { task: { id, keys, jobs: packed }, memory }
}

/** Signatures only pass through a thread: what it has made is soon nobody's. */
const LIMITS = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 64 }

/** Threads that check signatures; `file` must call `serveSignatures` where it is not the main thread. */
export class SignatureThreads implements SignaturePool {
  readonly #workers: readonly Worker[]
  readonly #waiting = new Map<
    number,
    { readonly done: (invalid: number) => void; readonly fail: (error: Error) => void }
  >()
  #next = 0

  constructor(file: URL, count = availableParallelism()) {
    this.#workers = Array.from({ length: count }, () => new Worker(file, { resourceLimits: LIMITS }))
    for (const worker of this.#workers) {
      worker.on('message', ({ id, invalid }: Done) => {
        this.#waiting.get(id)?.done(invalid)
        this.#waiting.delete(id)
      })
      worker.on('error', (error) => {
        for (const { fail } of this.#waiting.values()) fail(error)
      })
    }
  }

  get size(): number {
    return this.#workers.length
  }

  check(jobs: readonly SignatureJob[]): Promise<number> {
    const id = this.#next
    this.#next += 1
    const { task, memory } = pack(id, jobs)
    return new Promise((done, fail) => {
      this.#waiting.set(id, { done, fail })
      this.#workers[id % this.#workers.length]?.postMessage(task, [memory])
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}
