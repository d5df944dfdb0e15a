import type { Json } from '../../shared/audit/json.ts'
import { AppError, type AuditAction, type ObjectType } from '../../shared/contract/index.ts'
import { recordIntent, type AuditIntent, type AuditOperator } from '../audit/intent.ts'
import { drainLeft } from '../audit/left-intents.ts'
import type { AuditSequencer } from '../audit/ports.ts'
import { inTransaction, newId } from '../db/index.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import { findStoredAnswer, storeAnswer } from '../db/repositories/idempotency.ts'
import type { Place } from '../identity/permission.ts'
import type { Call } from './call.ts'
import { ToldOnce } from './told-once.ts'

/** One audit entry as a service tells it; who, where from and when come from the call. */
export interface Told {
  readonly action: AuditAction
  readonly object: { readonly type: ObjectType; readonly id: string }
  readonly before?: Json | null
  readonly after?: Json | null
  readonly reason?: string | null
  readonly place?: Place | null
}

/** Who an entry names; all null for what the server or its shell does by itself. */
export interface Author {
  readonly tenant: string
  readonly operator: AuditOperator | null
  readonly station: string | null
  readonly correlationId: string
  readonly at: number
}
export type Tell = (told: Told) => Promise<void>

export const authorOf = (call: Call): Author => ({
  tenant: call.actor.tenant,
  operator: { id: call.actor.operator.id, role: call.actor.role, office: call.actor.office?.id ?? null },
  station: call.actor.station,
  correlationId: call.correlationId,
  at: call.at,
})

const intentOf = (author: Author, entry: Told): AuditIntent => ({
  id: newId('intent'),
  at: author.at,
  tenant: author.tenant,
  division: entry.place?.division ?? null,
  office: entry.place?.office ?? null,
  operator: author.operator,
  station: author.station,
  action: entry.action,
  object: entry.object,
  correlationId: author.correlationId,
  before: entry.before ?? null,
  after: entry.after ?? null,
  reason: entry.reason ?? null,
})

/**
 * The one way to change anything: the change, its audit intents and (for a creating call) the answer kept under its
 * Idempotency-Key commit together; then the chain takes the entries; only then is the caller told.
 * If the process dies before the commit nothing happened; after it, the sequencer drains the intents at the next start.
 */
export class Changes {
  readonly #db: OperationalDatabase
  readonly #sequencer: AuditSequencer
  readonly #once = new ToldOnce()

  constructor(db: OperationalDatabase, sequencer: AuditSequencer) {
    this.#db = db
    this.#sequencer = sequencer
  }

  /** Throws AUDIT_CHAIN_UNWRITABLE before anything was changed while the chain cannot be written. */
  assertWritable(): void {
    this.#sequencer.assertWritable()
  }

  async as<T>(author: Author, body: (trx: OperationalTransaction, tell: Tell) => Promise<T>): Promise<T> {
    this.#sequencer.assertWritable()
    const told: AuditIntent[] = []
    const value = await inTransaction(this.#db, async (trx) => {
      told.length = 0
      return body(trx, async (entry) => {
        // As it was written: the body may go on changing what it told of.
        told.push(await recordIntent(trx, intentOf(author, entry), this.#sequencer.chain))
      })
    })
    const ids = told.map((intent) => intent.id)
    if (ids.length > 0) await this.#sequencer.settle(ids, told)
    return value
  }

  /**
   * An access event that leaves everything as it was, told once per session and object, however often a screen asks.
   * Durable when it returns; reading goes on while the chain takes no entry, and the entry follows.
   */
  tellOnce(call: Call, told: Told): Promise<void> {
    const name = JSON.stringify([told.action, told.object.type, told.object.id])
    return this.#once.run(call.actor.sessionId, name, async () => {
      const intent = intentOf(authorOf(call), told)
      try {
        await this.#sequencer.append([intent])
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'AUDIT_CHAIN_UNWRITABLE') throw error
        // A chain that stopped takes the intent when it runs again, once, whether or not it has the entry already.
        await inTransaction(this.#db, (trx) => recordIntent(trx, intent, this.#sequencer.chain))
        // The intent is durable: what cannot be settled now is drained later.
        await this.#sequencer.settle([intent.id]).catch(() => undefined)
      }
    })
  }

  run<T>(call: Call, body: (trx: OperationalTransaction, tell: Tell) => Promise<T>): Promise<T> {
    return this.as(authorOf(call), body)
  }

  /**
   * As `run`, and keeps what `body` gives under the call's key, in the same commit; the same call again is given that.
   * Throws REQUEST_IDEMPOTENCY_REUSED when the key came with another request.
   */
  async create<T>(call: Call, body: (trx: OperationalTransaction, tell: Tell) => Promise<T>): Promise<T> {
    const { idempotency } = call
    if (!idempotency) return this.run(call, body)
    const ref = { ...idempotency, operator: call.actor.operator.id }
    const known = await findStoredAnswer(this.#db, ref)
    if (known !== null) return this.#repeat<T>(known)
    try {
      return await this.run(call, async (trx, tell) => {
        const value = await body(trx, tell)
        await storeAnswer(trx, {
          ...ref,
          tenant: call.actor.tenant,
          body: JSON.stringify(value),
          at: call.at,
        })
        return value
      })
    } catch (error) {
      // Two calls with one key at once: the second meets the unique key, its change was rolled back whole.
      if (!(error instanceof AppError) || error.code !== 'REQUEST_CONFLICT') throw error
      const stored = await findStoredAnswer(this.#db, ref)
      if (stored === null) throw error
      return this.#repeat<T>(stored)
    }
  }

  /** The first call's entries may still be on their way, or wait for a chain that stopped: nobody is told before. */
  async #repeat<T>(answer: string): Promise<T> {
    this.#sequencer.assertWritable()
    await drainLeft(this.#db, this.#sequencer)
    return JSON.parse(answer) as T
  }
}
