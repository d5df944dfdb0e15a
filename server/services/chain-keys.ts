import { AppError, type HttpAnswer, type HttpRequest } from '../../shared/contract/index.ts'
import type { JobView } from '../../shared/contract/routes/jobs.ts'
import { parseKeyCertificate, planRollover, type RolloverBody } from '../audit/key-rollover.ts'
import type { ChainKeyPlan } from '../audit/key-rollover.ts'
import type { Opened } from '../db/open.ts'
import type { Directory } from '../db/repositories/directory.ts'
import { readJob } from '../db/repositories/jobs.ts'
import { listChainExtents, listChainExtentsOf } from '../db/repositories/retention-entries.ts'
import type { AuditDb, OperationalTransaction } from '../db/schema.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { AuditSight } from './audit-scope.ts'
import type { Call } from './call.ts'
import type { Changes, Tell } from './change.ts'
import { assertEverything, type Jobs } from './jobs.ts'

export interface ChainKeysDeps {
  readonly audit: Opened<AuditDb>
  readonly directory: Directory
  readonly changes: Pick<Changes, 'create'>
  readonly queue: JobQueue
  readonly jobs: Pick<Jobs, 'view'>
  readonly chain: string
  readonly sight: AuditSight
}

/** Leaves the order for the node of the chain: job and entry are durable with the caller's transaction. The job's id. */
export const orderRollover = async (
  { trx, tell, queue }: { readonly trx: OperationalTransaction; readonly tell: Tell; readonly queue: JobQueue },
  { chain, inForce, next }: ChainKeyPlan,
  order: {
    readonly certificate: Uint8Array | null
    readonly reason: string
    readonly requestedBy?: string
    readonly at: number
  },
): Promise<string> => {
  const { certificate, reason, requestedBy, at } = order
  const der = certificate === null ? null : Buffer.from(certificate).toString('base64')
  const body: RolloverBody = { chain, from: inForce.keyId, label: next, certificate: der }
  const by = requestedBy === undefined ? {} : { requestedBy }
  const id = await queue.add(trx, tell, { kind: 'audit-key-rollover', node: chain, body: { ...body }, ...by }, at)
  if (id === null) throw new AppError('INTERNAL', { reason: 'job-known' })
  await tell({
    action: 'KeyUse',
    object: { type: 'job', id },
    before: { chain, name: inForce.label, from: inForce.keyId },
    after: { chain, name: next, purpose: 'audit-key-rollover' },
    reason,
  })
  return id
}

/** The keys the chains are signed with, and handing a chain to the next one while its server runs. */
export class ChainKeys {
  readonly #deps: ChainKeysDeps

  constructor(deps: ChainKeysDeps) {
    this.#deps = deps
  }

  async list(call: Call): Promise<HttpAnswer<'listChainKeys'>> {
    assertEverything(call)
    const items = []
    for (const { inForce, next, chain } of await this.#plans()) {
      const { keyId, label, algorithm, createdAt: since } = inForce
      items.push({ chain, keyId, label, algorithm, since, next })
    }
    return { items }
  }

  /** Durable when it returns; it runs by itself. Throws AUDIT_NOT_FOUND, REQUEST_CONFLICT (`key`), REQUEST_INVALID. */
  async rollOver(call: Call, body: HttpRequest<'rollOverChainKey'>['body']): Promise<JobView> {
    assertEverything(call)
    const { changes, queue, jobs } = this.#deps
    const der = body.certificate === undefined ? null : parseKeyCertificate(Buffer.from(body.certificate, 'base64'))
    const plan = (await this.#plans()).find(({ chain }) => chain === body.chain)
    if (!plan) throw new AppError('AUDIT_NOT_FOUND', { chain: body.chain })
    const view = await changes.create(call, async (trx, tell) => {
      if (plan.inForce.keyId !== body.keyId) throw new AppError('REQUEST_CONFLICT', { reason: 'key' })
      const order = { certificate: der, reason: body.reason, requestedBy: call.actor.operator.id, at: call.at }
      const id = await orderRollover({ trx, tell, queue }, plan, order)
      const row = await readJob(trx, call.actor.tenant, id)
      if (!row) throw new AppError('JOB_NOT_FOUND', { id })
      return jobs.view(row)
    })
    queue.wake()
    return view
  }

  async #plans(): Promise<readonly ChainKeyPlan[]> {
    const { audit, directory, chain, sight } = this.#deps
    const seen =
      sight === 'installation'
        ? await listChainExtents(audit.db)
        : await listChainExtentsOf(audit.db, directory.tenant, chain)
    const plans = await Promise.all(seen.map((one) => planRollover(audit.db, one.chain)))
    return plans.filter((plan) => plan !== null)
  }
}
