import { createSignatureVerifier } from '../audit/crypto.ts'
import { entrySigningBytes } from '../audit/link.ts'

/** An entry's signature to be checked. `spki`: the same object for the same key, so that it is read once. */
export interface SignatureJob {
  readonly spki: Uint8Array
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

/** Checks signatures somewhere: in this thread, or in others. */
export interface SignaturePool {
  /** How many batches it can work at. */
  readonly size: number
  /** The first that is not valid, or -1. What it is given is not used again. */
  check(jobs: readonly SignatureJob[]): Promise<number>
}

export const findInvalid = (jobs: readonly SignatureJob[], verify = createSignatureVerifier()): number =>
  jobs.findIndex(({ spki, body, signature }) => !verify(spki, entrySigningBytes(body), signature))

/** In this thread, giving way to others between batches. */
export const poolInThread = (): SignaturePool => {
  const verify = createSignatureVerifier()
  return {
    size: 1,
    check: async (jobs) => {
      await Promise.resolve()
      return findInvalid(jobs, verify)
    },
  }
}

const BATCH = 256

/** Keeps a pool busy, and the memory that waits for it bounded. Tells the first place that is not valid. */
export class SignatureQueue {
  readonly #pool: SignaturePool
  #jobs: SignatureJob[] = []
  #places: number[] = []
  readonly #running = new Set<Promise<void>>()
  #fault: number | null = null
  #checked = 0

  constructor(pool: SignaturePool) {
    this.#pool = pool
  }

  get checked(): number {
    return this.#checked
  }

  /** The first place (as `add` was told) whose signature is not valid; final after `end`. */
  get fault(): number | null {
    return this.#fault
  }

  /** True: the caller waits for `room` before it goes on. */
  add(place: number, job: SignatureJob): boolean {
    this.#jobs.push(job)
    this.#places.push(place)
    if (this.#jobs.length < BATCH) return false
    this.#send()
    return this.#running.size > this.#pool.size * 2
  }

  async room(): Promise<void> {
    while (this.#running.size > this.#pool.size * 2) await Promise.race(this.#running)
  }

  async end(): Promise<void> {
    this.#send()
    await Promise.all(this.#running)
  }

  #send(): void {
    const [jobs, places] = [this.#jobs, this.#places]
    if (jobs.length === 0) return
    this.#jobs = []
    this.#places = []
    const run = this.#check(jobs, places).finally(() => this.#running.delete(run))
    this.#running.add(run)
  }

  async #check(jobs: readonly SignatureJob[], places: readonly number[]): Promise<void> {
    const invalid = places[await this.#pool.check(jobs)]
    this.#checked += jobs.length
    if (invalid !== undefined) this.#fault = Math.min(this.#fault ?? invalid, invalid)
  }
}
