import { copyLog, countBehind, listNext } from '../db/repositories/audit-entries.ts'
import { countUnsearched, indexNext } from '../db/repositories/audit-search.ts'
import type { Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'

/**
 * Entries taken at once, into lists and into the full text: what costs less is taken more at once, as each slice touches
 * as many pages of an index as it has entries. While writers wait, so few that they wait little longer than for others.
 */
const QUIET_SLICES = { list: 400, search: 100 }
const BUSY_SLICES = { list: 100, search: 50 }
/** Left behind further than this, entries are taken in although writers wait: what is not is searched by reading it. */
const LAG_MAX = 10_000
/** So many taken in, the log they are written to is worth being copied while nobody writes: else a writer has to wait. */
const WORTH_COPYING = 1000
const IDLE_MS = 50
/** Writers who are told come back with their next entry at once: only then nobody writes. */
const QUIET_MS = 25
const RETRY_MS = 1000

/**
 * Fills the indexes of lists and the full text behind the chain, so that no writer pays for them. What is not in them
 * yet is still found: lists read it. Works when no writer waits, or when it was left behind too far. When all is taken
 * in, SQLite's log is copied into the database. A failure is tried again later and stops nobody.
 */
export class SearchIndexer {
  readonly #audit: Opened<AuditDb>
  readonly #chain: string
  readonly #isBusy: () => boolean
  #timer: NodeJS.Timeout | null = null
  #work: Promise<void> = Promise.resolve()
  #isClosed = false
  #keptBusyAt = 0
  /** Whether entries came since the last slice was begun. */
  #isKicked = false
  /** Taken in since the log was copied. */
  #taken = 0

  /** `isBusy` tells whether a writer waits. */
  constructor(audit: Opened<AuditDb>, chain: string, isBusy: () => boolean) {
    this.#audit = audit
    this.#chain = chain
    this.#isBusy = isBusy
  }

  /** Entries came, or may have: looks after them soon. */
  kick(): void {
    this.#keptBusyAt = performance.now()
    this.#isKicked = true
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
      this.#isKicked = false
      this.#work = this.#run().then(
        (wait) => this.#next(wait),
        () => this.#next(RETRY_MS),
      )
    }, ms)
    this.#timer.unref()
  }

  #next(ms: number | null): void {
    this.#timer = null
    if (ms !== null || this.#isKicked) this.#after(ms ?? IDLE_MS)
  }

  async #copyLog(): Promise<void> {
    if (this.#taken < WORTH_COPYING) return
    this.#taken = 0
    await copyLog(this.#audit.db)
  }

  /** One slice; after how many ms to look again, or null until the next kick. */
  async #run(): Promise<number | null> {
    const { db, dialect } = this.#audit
    const isBusy = this.#isBusy() || performance.now() - this.#keptBusyAt < QUIET_MS
    const slices = isBusy ? BUSY_SLICES : QUIET_SLICES
    // On PostgreSQL all are listed from the start, and its role may change none.
    if (dialect === 'sqlite' && (!isBusy || (await countBehind(db)) >= LAG_MAX)) {
      const listed = await listNext(db, slices.list)
      this.#taken += listed
      if (listed > 0) return 0
    }
    if (isBusy && (await countUnsearched(db, this.#chain)) < LAG_MAX) return IDLE_MS
    if ((await indexNext(db, dialect, this.#chain, slices.search)) === slices.search) return 0
    await this.#copyLog()
    return null
  }
}
