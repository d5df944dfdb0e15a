import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError } from '../../shared/contract/errors.ts'
import { findKnownIntents } from '../db/repositories/audit-entries.ts'
import { deleteIntents, readIntents } from '../db/repositories/audit-intents.ts'
import type { Opened } from '../db/open.ts'
import type { AuditDb, OperationalDb } from '../db/schema.ts'
import { assertOutsideTransaction, inTransaction } from '../db/transaction.ts'
import { ChainWriter } from './chain-writer.ts'
import type { Batch, ChainWriterOptions } from './chain-writer.ts'
import { noFaults } from './faults.ts'
import type { FaultPort } from './faults.ts'
import { readIntent } from './given-intent.ts'
import type { Given } from './given-intent.ts'
import { checkIntent } from './intent.ts'
import type { AuditIntent } from './intent.ts'
import type { AuditSequencer, AuditSigner, ChainState } from './ports.ts'
import { SearchIndexer } from './search-indexer.ts'
import { SequencerWaiters } from './sequencer-waiters.ts'

export interface SequencerOptions extends ChainWriterOptions {
  readonly operational: Opened<OperationalDb>
  readonly audit: Opened<AuditDb>
  /** Intents in one transaction. */
  readonly batch?: number
  /** First and longest wait before a stopped chain is tried again. */
  readonly retryMs?: number
  readonly retryMaxMs?: number
  /** Called when the chain stops, with what stopped it, or runs again; for log, health and alarm. */
  readonly onState?: (state: ChainState, cause?: unknown) => void
}

/** Intents on their way into the chain, and the entries being made of them; null when all were entries already. */
interface Making {
  readonly taken: readonly Given[]
  readonly batch: Promise<Batch | null>
}

const BATCH = 256
const MET_MAX = 10_000
const WORTH_HALVING = 16
/** Batches of what writers gave along between two looks for intents nobody came with. */
const GIVEN_IN_A_ROW = 4
/** Intents that are entries and still lie in the database while others are written: so many are deleted at once. */
const DELETED_AT_ONCE = 512

const codeOf = (error: unknown): string => (error instanceof AppError ? error.code : 'INTERNAL')

/**
 * Drains audit intents into the chain: one writer, in order of writing, many in one transaction. While one batch is
 * stored, the next is signed.
 *
 * Order of writes, and what is true if the process dies after each:
 * 1. the service's transaction: change and intent are durable together; the next start drains the intent
 * 2. the audit transaction: entries, keys and head are durable together; the intent is still there and is passed over
 *    the next time by its unique id
 * 3. who waits for the intent is told, and the intent is deleted, while others write many at once: done
 *
 * What comes by `append` was never recorded: if the process dies before 2 nobody was told, and nothing is left of it.
 */
export class Sequencer implements AuditSequencer {
  readonly #options: SequencerOptions
  readonly #writer: ChainWriter
  readonly #faults: FaultPort
  readonly #waiters = new SequencerWaiters()
  /** Intents their writers came with, in the order of their commits. */
  #given: Given[] = []
  /** Intents that are entries, and are to be deleted. */
  readonly #done = new Set<string>()
  /** Intents read from the database whose writers may still come with them. */
  readonly #met = new Set<string>()
  /** Whether the last read of the database left nothing behind. */
  #isAllRead = false
  /** Batches since the database was last read. */
  #unread = 0
  #stopReason: string | null = 'CHAIN_NOT_STARTED'
  #isKicked = false
  #isClosed = false
  #work: Promise<void> | null = null
  #retry: NodeJS.Timeout | null = null
  #retryMs: number
  #exclusive: Promise<void> = Promise.resolve()
  /** Roll-overs that wait for the chain; drains make way for them, not for each other. */
  #rollOvers = 0
  readonly #search: SearchIndexer

  constructor(options: SequencerOptions) {
    this.#options = options
    this.#writer = new ChainWriter(options.audit, options)
    this.#faults = options.faults ?? noFaults
    this.#retryMs = options.retryMs ?? 250
    this.#search = new SearchIndexer(options.audit, options.chain, () => this.#waiters.size > 0)
  }

  get chain(): string {
    return this.#options.chain
  }

  /**
   * Opens the chain and drains what an earlier process left; every change made before is an entry when it returns.
   * Throws CONFIG_INVALID (`chain-missing`), CHAIN_KEY_UNUSABLE (`key-changed`). When the databases or the key store
   * cannot be reached it returns with the chain stopped and goes on trying.
   */
  async start(): Promise<void> {
    try {
      await this.#writer.open()
    } catch (error) {
      const code = codeOf(error)
      if (code === 'CONFIG_INVALID' || code === 'CHAIN_KEY_UNUSABLE') throw error
      this.#stop(error)
      return
    }
    await this.recover().catch((error: unknown) => this.#stop(error))
  }

  /** Drains everything that is waiting, now. Throws what stands in the way, after the chain was set to stopped. */
  async recover(): Promise<void> {
    await this.#drainAll()
    this.#run()
  }

  assertWritable(): void {
    if (this.#stopReason !== null || this.#isClosed) throw this.#unwritable()
  }

  async settle(intentIds: readonly string[], committed: readonly AuditIntent[] = []): Promise<void> {
    this.assertWritable()
    if (intentIds.length === 0) return
    // Inside the transaction the intents are not committed yet: the chain would wait for them, and they for the chain.
    assertOutsideTransaction(this.#options.operational.db)
    assertOutsideTransaction(this.#options.audit.db)
    const waits = [...new Set(intentIds)].map((id) => this.#waiters.wait(id))
    // What was read from the database before its writer came here is in the chain, or on its way.
    for (const intent of committed) if (!this.#met.delete(intent.id)) this.#given.push({ intent, isRecorded: true })
    this.#kick()
    await Promise.all(waits)
  }

  async append(intents: readonly AuditIntent[]): Promise<void> {
    this.assertWritable()
    if (intents.length === 0) return
    assertOutsideTransaction(this.#options.operational.db)
    assertOutsideTransaction(this.#options.audit.db)
    const checked = intents.map((intent) => checkIntent(intent))
    const waits = checked.map(({ id }) => this.#waiters.wait(id))
    for (const intent of checked) this.#given.push({ intent, isRecorded: false })
    this.#kick()
    // Most come one at a time.
    await (waits.length === 1 ? waits[0] : Promise.all(waits))
  }

  state(): ChainState {
    return {
      state: this.#stopReason === null ? 'running' : 'stopped',
      reason: this.#stopReason,
      chain: this.#options.chain,
      mode: this.#options.mode,
      head: this.#writer.head,
      waiting: this.#waiters.size,
    }
  }

  /** Hands the chain to another key between two batches; see `ChainWriter.rollTo`. */
  async rollTo(signer: AuditSigner): Promise<void> {
    this.assertWritable()
    this.#rollOvers += 1
    await this.#alone(() => {
      this.#rollOvers -= 1
      return this.#writer.rollTo(signer)
    })
  }

  /** Drains what waits, then stops for good; the databases stay open. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#retry) clearTimeout(this.#retry)
    await this.#work
    await this.#exclusive
    await this.#search.close()
    await this.#writer.close()
    this.#waiters.rejectAll(this.#unwritable())
  }

  #unwritable(): AppError {
    return new AppError('AUDIT_CHAIN_UNWRITABLE', { reason: this.#stopReason ?? 'CLOSED' })
  }

  #kick(): void {
    this.#isKicked = true
    this.#work ??= this.#loop().finally(() => {
      this.#work = null
      if (this.#isKicked && this.#stopReason === null) this.#kick()
    })
  }

  async #loop(): Promise<void> {
    while (this.#isKicked) {
      this.#isKicked = false
      try {
        await this.#drainAll()
      } catch (error) {
        this.#stop(error)
        return
      }
    }
  }

  async #drainAll(): Promise<void> {
    for (;;) {
      const waiting = this.#waiters.ids()
      const isEmpty = await this.#alone(() => this.#drain())
      if (isEmpty) {
        await this.#settleLeftover(waiting)
        return
      }
    }
  }

  /** One at a time: draining, or a roll-over. */
  #alone<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#exclusive.then(body)
    this.#exclusive = result.then(
      () => undefined,
      () => undefined,
    )
    return result
  }

  /**
   * Batch after batch, until nothing is left (true) or a roll-over waits (false). While one is signed the next is put
   * behind it, and the one before is stored.
   */
  async #drain(): Promise<boolean> {
    let making: Making | null = null
    let next: Making | null = null
    try {
      // After a failure nothing is remembered: who comes by `append` is written only to a chain whose end is known.
      await this.#writer.ready()
      for (;;) {
        const given: readonly Given[] = this.#rollOvers > 0 ? [] : await this.#next(making?.taken ?? [])
        if (given.length === 0 && !making) {
          await this.#deleteDone()
          return this.#rollOvers === 0
        }
        next = given.length > 0 ? this.#makeNext(given) : null
        // Everything that was there before is being looked up; what comes from now on is new.
        if (next && this.#isAllRead) this.#writer.trust()
        if (making) await this.#storeNext(making.taken, await making.batch, next === null)
        const isStored = making !== null
        making = next
        next = null
        // Writers, requests and timers are all on this thread: none waits for more than a batch.
        if (isStored) await nextTurn()
      }
    } catch (error) {
      // What is still being signed ends first: nobody retries, or rolls over, beside it.
      await Promise.allSettled([making?.batch, next?.batch])
      // The answer to a commit may have been lost: what is true is read from the database before the next try.
      this.#writer.forget()
      this.#dropGiven()
      throw error
    }
  }

  /** Whoever came by `append` is told that it failed, and nothing is left of it; what is recorded is read again. */
  #dropGiven(): void {
    this.#given = []
    this.#isAllRead = false
  }

  /** The next intents after those in flight: as their writers gave them, else what the database still has. */
  async #next(inFlight: readonly Given[]): Promise<readonly Given[]> {
    await this.#faults('before-read')
    const { batch = BATCH } = this.#options
    if (!this.#isGivenNext(inFlight)) {
      const isNothingGiven = this.#given.length === 0
      if (isNothingGiven && this.#writer.isSure && this.#findUnmet(inFlight).length === 0) return []
      const read = await this.#read(inFlight)
      // What came by `append` waits for the chain to be sure of itself again, and for nothing else.
      if (read.length > 0 || !this.#isGivenNext(inFlight)) return read
    }
    this.#unread += 1
    // Half of those who wait: while theirs is stored and they are told, the other half's is signed.
    const half = Math.max(WORTH_HALVING, Math.ceil(this.#waiters.size / 2))
    return this.#given.splice(0, Math.min(batch, half))
  }

  #isGivenNext(inFlight: readonly Given[]): boolean {
    return this.#given.length > 0 && this.#writer.isSure && !this.#isReadDue(inFlight)
  }

  /** Who came without an intent waits no longer than a few batches, however many others write; nor what is half read. */
  #isReadDue(inFlight: readonly Given[]): boolean {
    if (!this.#isAllRead) return true
    return this.#unread >= GIVEN_IN_A_ROW && this.#findUnmet(inFlight).length > 0
  }

  /** Those waited for that are neither on their way nor given along. */
  #findUnmet(inFlight: readonly Given[]): readonly string[] {
    const known = new Set<string>()
    for (const { intent } of inFlight) known.add(intent.id)
    for (const { intent } of this.#given) known.add(intent.id)
    return this.#waiters.ids().filter((id) => !known.has(id))
  }

  async #read(taken: readonly Given[]): Promise<readonly Given[]> {
    const { operational, chain, batch = BATCH } = this.#options
    const inFlight = new Set(taken.map(({ intent }) => intent.id))
    this.#unread = 0
    const unmet = this.#findUnmet(taken)
    const given = this.#given.filter(({ isRecorded }) => isRecorded)
    this.#given = this.#given.filter(({ isRecorded }) => !isRecorded)
    const limit = batch + inFlight.size + this.#done.size
    const rows = await readIntents(operational.db, chain, limit)
    const fresh = rows.filter(({ id }) => !inFlight.has(id) && !this.#done.has(id)).map(readIntent)
    this.#isAllRead = rows.length < limit
    this.#meet(fresh, new Set([...given, ...this.#given].map(({ intent }) => intent.id)))
    if (fresh.length === 0 && this.#isAllRead) this.#writer.trust()
    const read = new Set(fresh.map(({ intent }) => intent.id))
    // Committed before the reading, on their way nowhere, and not there: nothing is left that they could wait for.
    if (this.#isAllRead) await this.#settleLeftover(unmet.filter((id) => !read.has(id)))
    return fresh
  }

  /** What is read here must not be taken again from a writer who comes with it later. */
  #meet(fresh: readonly Given[], given: ReadonlySet<string>): void {
    const read = new Set(fresh.map(({ intent }) => intent.id))
    this.#given = this.#given.filter(({ intent }) => !read.has(intent.id))
    for (const { intent } of fresh) if (!given.has(intent.id)) this.#met.add(intent.id)
    if (this.#met.size <= MET_MAX) return
    // Too many whose writers never come, as after a crash: from here on the chain is asked again.
    this.#met.clear()
    this.#writer.doubt()
  }

  #makeNext(taken: readonly Given[]): Making {
    const batch = this.#writer.make(taken.map(({ intent }) => intent))
    // Met when its turn comes: its failure must not be unheard meanwhile.
    batch.catch(() => undefined)
    return { taken, batch }
  }

  async #storeNext(taken: readonly Given[], batch: Batch | null, isLast: boolean): Promise<void> {
    if (batch) await this.#writer.store(batch)
    for (const { intent, isRecorded } of taken) if (isRecorded) this.#done.add(intent.id)
    // The entries are durable: who waits need not wait for what is only tidied up. Where nothing else is on its way
    // the deletion is begun first, so that in one process nobody who was told finds the intent still there.
    const isDeleting = isLast || this.#done.size >= DELETED_AT_ONCE
    const deleted = isDeleting ? this.#deleteDone() : null
    for (const { intent } of taken) this.#waiters.resolve(intent.id)
    this.#search.kick()
    await deleted
  }

  /** Takes out what is in the chain. If the process dies before, the next one passes it over by its unique id. */
  async #deleteDone(): Promise<void> {
    const ids = [...this.#done]
    if (ids.length === 0) return
    await inTransaction(this.#options.operational.db, (trx) => deleteIntents(trx, ids))
    for (const id of ids) this.#done.delete(id)
    await this.#faults('after-delete')
  }

  /** Waited for, and not in the table: an entry already, or never written. */
  async #settleLeftover(waiting: readonly string[]): Promise<void> {
    const left = waiting.filter((id) => this.#waiters.has(id))
    if (left.length === 0) return
    const known = await findKnownIntents(this.#options.audit.db, left)
    for (const id of left) {
      if (known.has(id)) this.#waiters.resolve(id)
      else this.#waiters.reject(id, new AppError('INTERNAL', { reason: 'intent-not-recorded' }))
    }
  }

  #run(): void {
    this.#search.kick()
    this.#retryMs = this.#options.retryMs ?? 250
    if (this.#stopReason === null) return
    this.#stopReason = null
    this.#options.onState?.(this.state())
  }

  #stop(error: unknown): void {
    const code = codeOf(error)
    const hasChanged = this.#stopReason !== code
    this.#stopReason = code
    // Writers came between the failure and here, or it was none of a drain: they are told as well, so nothing may stay.
    this.#dropGiven()
    this.#waiters.rejectAll(new AppError('AUDIT_CHAIN_UNWRITABLE', { reason: code }, { cause: error }))
    if (hasChanged) this.#options.onState?.(this.state(), error)
    this.#retryLater()
  }

  #retryLater(): void {
    if (this.#isClosed || this.#retry) return
    const wait = this.#retryMs
    this.#retryMs = Math.min(wait * 2, this.#options.retryMaxMs ?? 5000)
    this.#retry = setTimeout(() => {
      this.#retry = null
      if (this.#isClosed) return
      this.recover().catch((error: unknown) => this.#stop(error))
    }, wait)
    this.#retry.unref()
  }
}
