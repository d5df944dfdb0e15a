import { countUnsearched, indexNext } from '../db/repositories/audit-search.ts'
import type { Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'

/** Entries taken at once: so few that a writer who comes in between waits no longer than for other writers. */
const SLICE = 100
/** Left behind further than this, entries are taken in although writers wait: what is not is searched by reading it. */
const LAG_MAX = 10_000
const IDLE_MS = 50
const RETRY_MS = 1000

/**
 * Fills the full text behind the chain, so that no writer pays for it. What is not in it yet is still found: lists read
 * it. Works when no writer waits, or when it was left behind too far. A failure is tried again later and stops nobody.
 */
export class SearchIndexer {
  readonly #audit: Opened<AuditDb>
  readonly #chain: string
  readonly #isBusy: () => boolean
  #timer: NodeJS.Timeout | null = null
  #work: Promise<void> = Promise.resolve()
  #isClosed = false

  /** `isBusy` tells whether a writer waits. */
  constructor(audit: Opened<AuditDb>, chain: string, isBusy: () => boolean) {
    this.#audit = audit
    this.#chain = chain
    this.#isBusy = isBusy
  }

  /** Entries came, or may have: looks after them soon. */
  kick(): void {
    this.#after(IDLE_MS)
  }

  /** Waits for the slice that is going on. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#work
  }

  #after(ms: number): void {
    if (this.#isClosed || this.#timer) return
    this.#timer = setTimeout(() => {
      this.#work = this.#run().then(
        (wait) => this.#next(wait),
        () => this.#next(RETRY_MS),
      )
    }, ms)
    this.#timer.unref()
  }

  #next(ms: number | null): void {
    this.#timer = null
    if (ms !== null) this.#after(ms)
  }

  /** One slice; after how many ms to look again, or null until the next kick. */
  async #run(): Promise<number | null> {
    const { db, dialect } = this.#audit
    if (this.#isBusy() && (await countUnsearched(db, this.#chain)) < LAG_MAX) return IDLE_MS
    return (await indexNext(db, dialect, this.#chain, SLICE)) < SLICE ? null : 0
  }
}
