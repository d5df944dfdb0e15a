import { randomBytes } from 'node:crypto'
import type { KeyStore } from './signer.ts'

/** Random octets at once: nonces and tokens. */
export type NonceSource = (bytes: number) => Uint8Array

const POOL_OCTETS = 4096
const LOW_OCTETS = 1024

/**
 * Random octets of this machine's generator, each with one of the key store's added (XOR): as good as the better of the
 * two, so neither a machine that starts with too little entropy nor a bad generator in the token shows in a nonce. The
 * key store is asked for many at a time, in advance, since anybody may ask for nonces; while it is away the machine's own
 * stand alone. Octets are given once and wiped here.
 */
export class MixedRandom {
  readonly #source: Pick<KeyStore, 'random'>
  #pool: Uint8Array = new Uint8Array(0)
  #at = 0
  #filling: Promise<void> | null = null

  constructor(source: Pick<KeyStore, 'random'>) {
    this.#source = source
  }

  /** How many of the next octets will have one of the key store added. */
  get ahead(): number {
    return this.#pool.length - this.#at
  }

  /** Asks the key store for more, where there is little left. Never rejects. */
  fill(): Promise<void> {
    if (this.ahead >= LOW_OCTETS) return Promise.resolve()
    this.#filling ??= this.#refill().finally(() => {
      this.#filling = null
    })
    return this.#filling
  }

  async #refill(): Promise<void> {
    try {
      this.#pool = await this.#source.random(POOL_OCTETS)
      this.#at = 0
    } catch {
      // The key store says by itself, in health, that it is away; the next nonce asks again.
    }
  }

  readonly bytes: NonceSource = (bytes) => {
    const made = randomBytes(bytes)
    const end = Math.min(this.#at + bytes, this.#pool.length)
    for (let place = 0; this.#at < end; place++, this.#at++) {
      made[place] = (made[place] ?? 0) ^ (this.#pool[this.#at] ?? 0)
      this.#pool[this.#at] = 0
    }
    void this.fill()
    return made
  }
}
