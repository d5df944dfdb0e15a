import { recordIntent } from '../audit/intent.ts'
import type { AuditSequencer } from '../audit/ports.ts'
import type { Log } from '../log/log.ts'
import { inTransaction, newId } from '../db/index.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import type { Tell } from '../services/change.ts'

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
        await recordIntent(trx, {
          id,
          at,
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
        told.push(id)
      }),
    )
    return { value, told }
  }
}
