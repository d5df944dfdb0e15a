import { recordIntent } from '../audit/intent.ts'
import type { AuditSequencer } from '../audit/ports.ts'
import type { Log } from '../log/log.ts'
import { inTransaction, newId } from '../db/index.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import type { Tell, Told } from '../services/change.ts'

/** An entry told under an id of its own. */
export interface NamedEntry extends Told {
  readonly intent: string
}

export interface OwnChangesDeps {
  readonly db: OperationalDatabase
  readonly sequencer: AuditSequencer
  readonly tenant: string
  readonly log: Log
  readonly now?: () => number
}

/**
 * What the server changes by itself: jobs ending, alarms. Change and audit intents commit together as everywhere, but
 * it is not refused while the chain takes no entry, since that is when an alarm must be kept: the entries follow, once,
 * when the chain is there again. Nobody's request may go through here.
 */
export class OwnChanges {
  readonly #deps: OwnChangesDeps

  constructor(deps: OwnChangesDeps) {
    this.#deps = deps
  }

  get tenant(): string {
    return this.#deps.tenant
  }

  now(): number {
    return (this.#deps.now ?? Date.now)()
  }

  /** Durable when it returns; the entries are asked for, not waited for. */
  async run<T>(correlationId: string, body: (trx: OperationalTransaction, tell: Tell) => Promise<T>): Promise<T> {
    const { value, told } = await this.#commit(correlationId, body)
    if (told.length > 0) {
      this.#settle(told).catch((error: unknown) => this.#deps.log.debug({ error: String(error) }, 'entries follow'))
    }
    return value
  }

  /** As `run`, and the entries are in the chain when it returns. Throws AUDIT_CHAIN_UNWRITABLE; the change stays. */
  async runSettled<T>(
    correlationId: string,
    body: (trx: OperationalTransaction, tell: Tell) => Promise<T>,
  ): Promise<T> {
    this.#deps.sequencer.assertWritable()
    const { value, told } = await this.#commit(correlationId, body)
    if (told.length > 0) await this.#settle(told)
    return value
  }

  /**
   * Entries with ids of their own, in the chain when it returns. Those that still wait since a run that died are not
   * told twice; leave out those that are in the chain already.
   * Throws AUDIT_CHAIN_UNWRITABLE.
   */
  async runOnce(correlationId: string, entries: readonly NamedEntry[]): Promise<void> {
    const { db, sequencer } = this.#deps
    sequencer.assertWritable()
    await inTransaction(db, async (trx) => {
      const ids = entries.map((entry) => entry.intent)
      const waiting = await trx.selectFrom('audit_intent').select('id').where('id', 'in', ids).execute()
      const known = new Set(waiting.map((row) => row.id))
      for (const { intent, ...told } of entries) {
        if (!known.has(intent)) await this.#record(trx, intent, correlationId, told)
      }
    })
    await sequencer.settle(entries.map((entry) => entry.intent))
  }

  async #settle(told: readonly string[]): Promise<void> {
    await this.#deps.sequencer.settle(told)
  }

  async #commit<T>(
    correlationId: string,
    body: (trx: OperationalTransaction, tell: Tell) => Promise<T>,
  ): Promise<{ readonly value: T; readonly told: readonly string[] }> {
    const told: string[] = []
    const at = this.now()
    const value = await inTransaction(this.#deps.db, async (trx) =>
      body(trx, async (entry) => {
        const id = newId('intent', at)
        await this.#record(trx, id, correlationId, entry)
        told.push(id)
      }),
    )
    return { value, told }
  }

  async #record(trx: OperationalTransaction, id: string, correlationId: string, entry: Told): Promise<void> {
    await recordIntent(trx, {
      id,
      at: this.now(),
      tenant: this.#deps.tenant,
      division: entry.place?.division ?? null,
      office: entry.place?.office ?? null,
      operator: null,
      station: null,
      action: entry.action,
      object: entry.object,
      correlationId,
      before: entry.before ?? null,
      after: entry.after ?? null,
      reason: entry.reason ?? null,
    })
  }
}
