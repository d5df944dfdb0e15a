import type { JobKind } from '../../shared/contract/routes/jobs.ts'
import { newId } from '../db/index.ts'
import { insertJob } from '../db/repositories/jobs.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { Tell } from '../services/change.ts'
import type { JobOrder } from './job.ts'

/** Puts jobs into the database, and wakes the runner of this node; others find them within a poll. */
export class JobQueue {
  readonly #tenant: string
  readonly #maxAttempts: (kind: JobKind) => number
  #wake: () => void = () => undefined

  constructor(tenant: string, maxAttempts: (kind: JobKind) => number) {
    this.#tenant = tenant
    this.#maxAttempts = maxAttempts
  }

  /** Called when there may be work. */
  onWork(wake: () => void): void {
    this.#wake = wake
  }

  wake(): void {
    this.#wake()
  }

  /**
   * Makes a job in the caller's transaction, with its audit entry; the job's id, or null where its unique key was used
   * before. The body stays out of the audit: a mail's holds an address. Call `wake` after the commit.
   */
  async add(trx: OperationalTransaction, tell: Tell, order: JobOrder, at: number): Promise<string | null> {
    const id = newId('job', at)
    const isNew = await insertJob(trx, {
      id,
      tenant: this.#tenant,
      kind: order.kind,
      state: 'waiting',
      body: JSON.stringify(order.body),
      unique_key: order.uniqueKey ?? null,
      schedule: order.schedule ?? null,
      requested_by: order.requestedBy ?? null,
      node: order.node ?? null,
      attempts: 0,
      max_attempts: this.#maxAttempts(order.kind),
      due_at: order.dueAt ?? at,
      lease_owner: null,
      lease_until: null,
      ended_at: null,
      last_error: null,
      created_at: at,
      updated_at: at,
    })
    if (!isNew) return null
    const after = { id, name: order.kind, kind: order.kind, state: 'waiting', schedule: order.schedule ?? null }
    await tell({ action: 'Insertion', object: { type: 'job', id }, after })
    return id
  }
}
