import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../shared/contract/index.ts'
import type { CleaningPlan } from '../../shared/contract/routes/audit-retention.ts'
import { recordIntent } from '../audit/index.ts'
import { cleaningSnapshot } from '../audit/retention-jobs.ts'
import type { ChainKeyPlan } from '../audit/key-rollover.ts'
import { inTransaction, newId } from '../db/index.ts'
import { readHead } from '../db/repositories/audit-chain.ts'
import { readLatestCheckpoint, type CheckpointRecord } from '../db/repositories/audit-checkpoints.ts'
import { readJob } from '../db/repositories/jobs.ts'
import { ensureCleaning, readCleaning } from '../db/repositories/retention-orders.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import { JobQueue } from '../jobs/queue.ts'
import { orderRollover } from '../services/chain-keys.ts'
import type { Tell } from '../services/change.ts'
import type { Ground } from './ground.ts'
import { isHeldByAnother } from './lease.ts'

const LOOK_MS = 500
/** As the handler of the kind has it. */
const CLEANING_ATTEMPTS = 8
const ROLLOVER_ATTEMPTS = 5
/** A server that is well has made a checkpoint so long after it was due. */
const CHECKPOINT_LATE_MS = 120_000

/** Tells as the shell, for the running server to put into its chain. */
const tellingBeside =
  ({ config, tenant, entered }: Ground, trx: OperationalTransaction, at: number): Tell =>
  async ({ action, object, before = null, after = null }) => {
    const of = { tenant, operator: null, station: null, correlationId: entered.correlationId }
    const intent = { id: newId('intent', at), at, ...of, action, object, before, after, reason: 'shell' }
    await recordIntent(trx, intent, config.name)
  }

/** Leaves what the console would leave for the running server. Order, job and their intents are durable together. */
export const orderCleaning = async (ground: Ground, plan: CleaningPlan): Promise<string> => {
  const { databases, tenant } = ground
  const at = Date.now()
  const id = newId('cleaning', at)
  const { chain, cut, entries, bytes, until } = plan
  const row = { id, tenant, chain, cut, entries, bytes, until, state: 'waiting' as const, requested_by: null }
  const queue = new JobQueue(tenant, () => CLEANING_ATTEMPTS)
  await inTransaction(databases.operational.db, async (trx) => {
    const tell = tellingBeside(ground, trx, at)
    await ensureCleaning(trx, { ...row, ended_at: null, error: null, created_at: at, updated_at: at })
    await queue.add(trx, tell, { kind: 'audit-cleaning', node: chain, body: { chain, cleaning: id } }, at)
    await tell({ action: 'Insertion', object: { type: 'audit-cut', id }, after: cleaningSnapshot(row) })
  })
  return id
}

/** Leaves what the console would leave for the running server. Job and its intents are durable together; the job's id. */
export const orderKeyRollover = async (
  ground: Ground,
  plan: ChainKeyPlan,
  certificate: Uint8Array | null,
): Promise<string> => {
  const { databases, tenant } = ground
  const at = Date.now()
  const queue = new JobQueue(tenant, () => ROLLOVER_ATTEMPTS)
  return inTransaction(databases.operational.db, (trx) =>
    orderRollover({ trx, tell: tellingBeside(ground, trx, at), queue }, plan, { certificate, reason: 'shell', at }),
  )
}

interface Outcome {
  readonly state: string
  readonly error: string | null
  readonly isCancelled: boolean
}

type Progress = Pick<Outcome, 'state' | 'error'>

/** Until the server did it or gave it up, has ended, or nobody wants to wait; the order stays in any case. */
const awaitOrder = async (
  { config, terminal }: Ground,
  what: string,
  look: () => Promise<Progress | null>,
): Promise<Outcome> => {
  const stop = new AbortController()
  return terminal.cancellable(
    () => stop.abort(),
    async () => {
      for (;;) {
        const { state, error } = (await look()) ?? { state: 'waiting', error: null }
        const isEnded = ENDED.includes(state)
        const isCancelled = !isEnded && stop.signal.aborted
        terminal.show(isEnded ? '' : `${what} ${config.name}: ${state}; Ctrl-C ends the waiting, not the ${what}`)
        if (isEnded || isCancelled || !(await isHeldByAnother(config))) return { state, error, isCancelled }
        await sleep(LOOK_MS)
      }
    },
  )
}
/** Of a cleaning, and of a job. */
const ENDED: readonly string[] = ['done', 'failed', 'dead']

export const awaitCleaning = (ground: Ground, id: string): Promise<Outcome> =>
  awaitOrder(ground, 'cleaning', async () => {
    const row = await readCleaning(ground.databases.operational.db, ground.tenant, id)
    return row ? { state: row.state, error: row.error } : null
  })

export const awaitKeyRollover = (ground: Ground, id: string): Promise<Outcome> =>
  awaitOrder(ground, 'roll-over', async () => {
    const row = await readJob(ground.databases.operational.db, ground.tenant, id)
    return row ? { state: row.state, error: row.last_error } : null
  })

/**
 * The running server's checkpoint of everything that is in the chain now, which it makes when it is due. Throws
 * CONFIG_INVALID (`in-use`) where none comes, AUDIT_PROOF_UNAVAILABLE (`server-ended`).
 */
export const awaitCheckpoint = async ({ config, databases, terminal }: Ground): Promise<CheckpointRecord> => {
  const { db } = databases.audit
  const wanted = ((await readHead(db, config.name))?.sequence ?? -1) + 1
  const end = Date.now() + config.checkpoints.seconds * 1000 + CHECKPOINT_LATE_MS
  for (;;) {
    const latest = await readLatestCheckpoint(db, config.name)
    if (latest && latest.size >= wanted) {
      terminal.show('')
      return latest
    }
    if (!(await isHeldByAnother(config))) throw new AppError('AUDIT_PROOF_UNAVAILABLE', { reason: 'server-ended' })
    if (Date.now() >= end) throw new AppError('CONFIG_INVALID', { reason: 'in-use' })
    terminal.show(`waiting for the server's checkpoint of ${wanted} entries; the last is of ${latest?.size ?? 0}`)
    await sleep(LOOK_MS)
  }
}
