/** Handing a call to another thread and taking its answer costs about as much as this; see `npm run bench export/sign`. */
const QUICK_MS = 0.15
/** A call that is done here and takes this long would have better been done aside. */
const SLOW_MS = 1
/** Of calls that are done aside, one of so many is tried here. */
const TRIAL = 512
/** After one slow call of a quick kind: the machine may just have been busy. */
const SECOND_TRIAL = 16

interface Ways<T> {
  readonly here: () => T
  readonly aside: () => Promise<T>
}

/**
 * Whether calls of a kind are done in this very thread or in another: a token that answers in less than the handing over
 * takes is asked here, one that is slow or far away is asked by several threads at once. Each kind shows by itself which
 * it is, and may change.
 */
export class Paces {
  readonly #kinds = new Map<string, { isQuick: boolean; asideFor: number }>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  run<T>(kind: string, { here, aside }: Ways<T>): T | Promise<T> {
    const known = this.#kinds.get(kind) ?? { isQuick: false, asideFor: 0 }
    if (known.asideFor > 0) {
      known.asideFor--
      return aside()
    }
    const from = this.#now()
    const value = here()
    const took = this.#now() - from
    if (known.isQuick && took > SLOW_MS) this.#kinds.set(kind, { isQuick: false, asideFor: SECOND_TRIAL })
    else if (!known.isQuick) {
      const isQuick = took < QUICK_MS
      this.#kinds.set(kind, { isQuick, asideFor: isQuick ? 0 : TRIAL })
    }
    return value
  }
}
