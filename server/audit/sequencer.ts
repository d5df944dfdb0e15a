import type { Kysely } from 'kysely'
import { AppError } from '../../shared/contract/errors.ts'
import { parseCanonical } from '../../shared/audit/jcs.ts'
import { findKnownIntents } from '../db/repositories/audit-entries.ts'
import type { Opened } from '../db/open.ts'
import type { AuditDb, OperationalDb } from '../db/schema.ts'
import { assertOutsideTransaction } from '../db/transaction.ts'
import { ChainWriter } from './chain-writer.ts'
import type { ChainWriterOptions } from './chain-writer.ts'
import { noFaults } from './faults.ts'
import type { FaultPort } from './faults.ts'
import type { AuditIntent } from './intent.ts'
import type { AuditSequencer, AuditSigner, ChainState } from './ports.ts'

export interface SequencerOptions extends ChainWriterOptions {
  readonly operational: Opened<OperationalDb>
  readonly audit: Opened<AuditDb>
  /** Intents in one transaction. */
  readonly batch?: number
  /** First and longest wait before a stopped chain is tried again. */
  readonly retryMs?: number
  readonly retryMaxMs?: number
  /** Called when the chain stops or runs again, for log, health and alarm. */
  readonly onState?: (state: ChainState) => void
}

interface Waiter {
  readonly id: string
  resolve(): void
  reject(error: unknown): void
}

interface PendingRow {
  readonly id: string
  readonly body: string
}

const BATCH = 256
const utf8 = new TextEncoder()

const codeOf = (error: unknown): string => (error instanceof AppError ? error.code : 'INTERNAL')

const readIntent = ({ id, body }: PendingRow): AuditIntent => {
  const intent = parseCanonical(utf8.encode(body)) as unknown as AuditIntent
  // The table's id decides what is done once; the body must not say another.
  if (intent.id !== id) throw new AppError('AUDIT_CHAIN_UNWRITABLE', { reason: 'intent-altered', intent: id })
  return intent
}

/**
 * Drains audit intents into the chain: one writer, in order of writing, many in one transaction.
 *
 * Order of writes, and what is true if the process dies after each:
 * 1. the service's transaction: change and intent are durable together; the next start drains the intent
 * 2. the audit transaction: entries, keys and head are durable together; the intent is still there and is passed over
 *    the next time by its unique id
 * 3. the intent is deleted: done
 */
export class Sequencer implements AuditSequencer {
  readonly #options: SequencerOptions
  readonly #writer: ChainWriter
  readonly #faults: FaultPort
  readonly #waiters = new Map<string, Waiter[]>()
  #stopReason: string | null = 'CHAIN_NOT_STARTED'
  #isKicked = false
  #isClosed = false
  #work: Promise<void> | null = null
  #retry: NodeJS.Timeout | null = null
  #retryMs: number
  #exclusive: Promise<void> = Promise.resolve()

  constructor(options: SequencerOptions) {
    this.#options = options
    this.#writer = new ChainWriter(options.audit, options)
    this.#faults = options.faults ?? noFaults
    this.#retryMs = options.retryMs ?? 250
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

  async settle(intentIds: readonly string[]): Promise<void> {
    this.assertWritable()
    if (intentIds.length === 0) return
    // Inside the transaction the intents are not committed yet: the chain would wait for them, and they for the chain.
    assertOutsideTransaction(this.#options.operational.db)
    assertOutsideTransaction(this.#options.audit.db)
    const waits = [...new Set(intentIds)].map((id) => this.#wait(id))
    this.#kick()
    await Promise.all(waits)
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
    await this.#alone(() => this.#writer.rollTo(signer))
  }

  /** Drains what waits, then stops for good; the databases stay open. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#retry) clearTimeout(this.#retry)
    await this.#work
    await this.#exclusive
    this.#rejectAll(this.#unwritable())
  }

  #wait(id: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(id) ?? []
      waiters.push({ id, resolve, reject })
      this.#waiters.set(id, waiters)
    })
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
      const waiting = [...this.#waiters.keys()]
      const done = await this.#alone(() => this.#drainOnce())
      if (done === 0) {
        await this.#settleLeftover(waiting)
        return
      }
    }
  }

  /** One batch at a time, and no roll-over in its middle. */
  #alone<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#exclusive.then(body)
    this.#exclusive = result.then(
      () => undefined,
      () => undefined,
    )
    return result
  }

  async #drainOnce(): Promise<number> {
    const { db }: { db: Kysely<OperationalDb> } = this.#options.operational
    await this.#faults('before-read')
    const query = db.selectFrom('audit_intent').select(['id', 'body']).orderBy('position')
    const rows = await query.limit(this.#options.batch ?? BATCH).execute()
    if (rows.length === 0) return 0
    try {
      await this.#writer.append(rows.map(readIntent))
    } catch (error) {
      // The answer to a commit may have been lost: what is true is read from the database before the next try.
      this.#writer.forget()
      throw error
    }
    const ids = rows.map((row) => row.id)
    await db.deleteFrom('audit_intent').where('id', 'in', ids).execute()
    await this.#faults('after-delete')
    for (const id of ids) this.#resolve(id)
    return rows.length
  }

  /** Waited for, and not in the table: an entry already, or never written. */
  async #settleLeftover(waiting: readonly string[]): Promise<void> {
    const left = waiting.filter((id) => this.#waiters.has(id))
    if (left.length === 0) return
    const known = await findKnownIntents(this.#options.audit.db, left)
    for (const id of left) {
      if (known.has(id)) this.#resolve(id)
      else this.#reject(id, new AppError('INTERNAL', { reason: 'intent-not-recorded' }))
    }
  }

  #resolve(id: string): void {
    const waiters = this.#waiters.get(id) ?? []
    this.#waiters.delete(id)
    for (const waiter of waiters) waiter.resolve()
  }

  #reject(id: string, error: unknown): void {
    const waiters = this.#waiters.get(id) ?? []
    this.#waiters.delete(id)
    for (const waiter of waiters) waiter.reject(error)
  }

  #rejectAll(error: AppError): void {
    for (const id of this.#waiters.keys()) this.#reject(id, error)
  }

  #run(): void {
    this.#retryMs = this.#options.retryMs ?? 250
    if (this.#stopReason === null) return
    this.#stopReason = null
    this.#options.onState?.(this.state())
  }

  #stop(error: unknown): void {
    const code = codeOf(error)
    const hasChanged = this.#stopReason !== code
    this.#stopReason = code
    this.#writer.forget()
    this.#rejectAll(new AppError('AUDIT_CHAIN_UNWRITABLE', { reason: code }, { cause: error }))
    if (hasChanged) this.#options.onState?.(this.state())
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
