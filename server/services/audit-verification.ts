import {
  AppError,
  type HttpAnswer,
  type VerificationDepth,
  type VerificationView,
} from '../../shared/contract/index.ts'
import type { VerificationJobs, VerificationRun } from '../audit/index.ts'
import { findNarrowRuns, pageRuns, type RunFilter } from '../db/repositories/audit-overview.ts'
import type { Directory } from '../db/repositories/directory.ts'
import type { PageRequest } from '../db/repositories/page.ts'
import type { AuditDatabase } from '../db/schema.ts'
import type { AuditInclusion } from './audit-inclusion.ts'
import type { AuditScope } from './audit-scope.ts'
import { verificationView } from './audit-verification-view.ts'
import type { Call } from './call.ts'
import type { Changes } from './change.ts'

export interface AuditVerificationDeps {
  readonly audit: AuditDatabase
  readonly directory: Directory
  readonly scope: AuditScope
  readonly changes: Changes
  readonly jobs: VerificationJobs
  readonly inclusion: AuditInclusion
  /** The node's own chain. */
  readonly chain: string
  /** Told of a run that could not be started after another had ended. */
  readonly onError: (error: unknown) => void
}
interface Wanted {
  readonly depth: VerificationDepth
  readonly chain?: string | undefined
}
type Depth = 'quick' | 'full'

/** Verifications asked for by people. Whole chains are for who sees everything; others prove their own entries. */
export class AuditVerification {
  readonly #deps: AuditVerificationDeps
  /** Chains that follow a run, by its id. In memory: after a restart nothing follows. */
  readonly #following = new Map<string, readonly string[]>()

  constructor(deps: AuditVerificationDeps) {
    this.#deps = deps
  }

  /**
   * Durable and audited when it returns; runs on by itself. Throws AUDIT_VERIFICATION_RUNNING, AUDIT_NOT_FOUND (no such
   * chain).
   */
  async start(call: Call, { depth, chain }: Wanted): Promise<VerificationView> {
    const { jobs, changes, scope } = this.#deps
    if (!scope.isGlobal(call) || depth === 'inclusion') return this.#prove(call, chain)
    const [first, ...rest] = await this.#chains(chain)
    if (first === undefined) throw new AppError('AUDIT_NOT_FOUND', { chain: chain ?? null })
    let isNew = false
    // What a repeat is given is the run that was started, as it is now.
    const { id } = await changes.create(call, async (_trx, tell) => {
      isNew = true
      const run = await jobs.start({ mode: depth, requestedBy: call.actor.operator.id, chain: first })
      await tell({
        action: 'Verification',
        object: { type: 'audit-verification', id: run.id },
        after: { id: run.id, name: `${run.chain} ${depth}`, chain: run.chain, depth, waiting: rest },
      })
      return { id: run.id }
    })
    // Outside of the transaction: what follows has transactions of its own.
    if (isNew) this.#follow(call, id, depth, rest)
    return this.#view(await jobs.get(id))
  }

  /** Proves what this call may see, and tells of nothing else. */
  async #prove(call: Call, asked: string | undefined): Promise<VerificationView> {
    const { changes, scope, inclusion, jobs } = this.#deps
    const [chain] = await this.#chains(asked)
    const filter = scope.filter(call)
    if (chain === undefined || filter === null) throw new AppError('AUDIT_NOT_FOUND', { chain: asked ?? null })
    const request = { chain, filter, requestedBy: call.actor.operator.id }
    let isNew = false
    const { id } = await changes.create(call, async (_trx, tell) => {
      isNew = true
      const made = await inclusion.prepare(request)
      await tell({
        action: 'Verification',
        object: { type: 'audit-verification', id: made },
        after: { id: made, name: `${chain} inclusion`, chain, depth: 'inclusion' },
      })
      return { id: made }
    })
    if (isNew) inclusion.begin(id, request)
    return this.#view(await jobs.get(id))
  }

  /** Throws AUDIT_NOT_FOUND, also for a run of others to who does not see everything. */
  async read(call: Call, id: string): Promise<VerificationView> {
    return this.#view(await this.#get(call, id))
  }

  async list(
    call: Call,
    query: PageRequest & Pick<RunFilter, 'chain' | 'state'>,
  ): Promise<HttpAnswer<'listVerifications'>> {
    const { cursor, limit, chain, state } = query
    const requestedBy = this.#deps.scope.isGlobal(call) ? undefined : call.actor.operator.id
    const { items, next } = await pageRuns(this.#deps.audit, { chain, state, requestedBy }, { cursor, limit })
    const runs = await Promise.all(items.map(({ id }) => this.#deps.jobs.get(id)))
    return { items: await Promise.all(runs.map((run) => this.#view(run))), next }
  }

  /** Ends a run and what would follow it. Throws AUDIT_NOT_FOUND. */
  async cancel(call: Call, id: string): Promise<VerificationView> {
    this.#deps.changes.assertWritable()
    const before = await this.#get(call, id)
    if (before.state !== 'running') return this.#view(before)
    this.#following.delete(id)
    await this.#deps.inclusion.cancel(id)
    const run = await this.#deps.jobs.cancel(id)
    await this.#deps.changes.run(call, async (_trx, tell) => {
      await tell({
        action: 'Modification',
        object: { type: 'audit-verification', id },
        before: { id, name: `${run.chain} ${run.mode}`, state: before.state },
        after: { id, name: `${run.chain} ${run.mode}`, state: run.state },
      })
    })
    return this.#view(run)
  }

  async #get(call: Call, id: string): Promise<VerificationRun> {
    const run = await this.#deps.jobs.get(id)
    if (!this.#deps.scope.isGlobal(call) && run.requestedBy !== call.actor.operator.id)
      throw new AppError('AUDIT_NOT_FOUND', { run: id })
    return run
  }

  /** The chains meant, the node's own first. */
  async #chains(asked: string | undefined): Promise<readonly string[]> {
    const { jobs, chain: own } = this.#deps
    const known = await jobs.chains()
    if (asked === undefined) return [own]
    if (asked !== '*') return known.filter((one) => one === asked)
    return [...known.filter((one) => one === own), ...known.filter((one) => one !== own)]
  }

  /** Starts the next chain once this one ended, each with an entry of its own. */
  #follow(call: Call, id: string, depth: Depth, chains: readonly string[]): void {
    const { jobs, changes, onError } = this.#deps
    const [next, ...rest] = chains
    if (next === undefined) return
    this.#following.set(id, chains)
    const goOn = async (): Promise<void> => {
      await jobs.wait(id)
      if (!this.#following.delete(id)) return
      const begun = await changes.run({ ...call, at: Date.now() }, async (_trx, tell) => {
        const run = await jobs.start({ mode: depth, requestedBy: call.actor.operator.id, chain: next })
        await tell({
          action: 'Verification',
          object: { type: 'audit-verification', id: run.id },
          after: { id: run.id, name: `${run.chain} ${depth}`, chain: run.chain, depth, waiting: rest },
        })
        return run
      })
      this.#follow(call, begun.id, depth, rest)
    }
    goOn().catch(onError)
  }

  async #view(run: VerificationRun): Promise<VerificationView> {
    const { directory, audit, inclusion } = this.#deps
    const isNarrow = (await findNarrowRuns(audit, [run.id])).has(run.id)
    return verificationView(directory, inclusion.live(run), isNarrow, this.#following.get(run.id) ?? [])
  }
}
