import { setTimeout as sleep } from 'node:timers/promises'
import {
  AppError,
  type HttpAnswer,
  type VerificationDepth,
  type VerificationView,
} from '../../shared/contract/index.ts'
import type { VerificationJobs, VerificationRun } from '../audit/index.ts'
import type { ReservedRun, VerificationRequest } from '../audit/verification-jobs.ts'
import { findNarrowRuns, pageRuns, type RunFilter } from '../db/repositories/audit-overview.ts'
import type { Directory } from '../db/repositories/directory.ts'
import type { PageRequest } from '../db/repositories/page.ts'
import type { AuditDatabase } from '../db/schema.ts'
import type { AuditInclusion } from './audit-inclusion.ts'
import type { AuditScope } from './audit-scope.ts'
import { verificationView } from './audit-verification-view.ts'
import type { Call } from './call.ts'
import { authorOf, type Author, type Changes, type Tell } from './change.ts'

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

const BUSY_MS = 200

/** Verifications asked for by people. Whole chains are for who sees everything; others prove their own entries. */
export class AuditVerification {
  readonly #deps: AuditVerificationDeps
  #isClosed = false

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
    const request = { mode: depth, requestedBy: call.actor.operator.id, chain: first, waiting: rest }
    // What a repeat is given is the run that was started, as it is now.
    const { id, isNew } = await this.#started(request, async (reserve) =>
      changes.create(call, async (_trx, tell) => ({ id: await tellOf(tell, await reserve(), rest) })),
    )
    if (isNew && rest.length > 0) this.#follow(authorOf(call), id)
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
    await this.#deps.jobs.dropWaiting(id)
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

  /**
   * Takes up what an earlier process left: chains behind a run that goes on follow it, and a chain whose run ended with
   * that process is verified anew before them. Once, after `jobs.recover`.
   */
  async recover(): Promise<void> {
    const { jobs, directory, onError } = this.#deps
    for (const run of await jobs.followed()) {
      const { id, state, chain, waiting } = run
      const author = { tenant: directory.tenant, operator: null, station: null, correlationId: id, at: Date.now() }
      if (state === 'running') this.#follow(author, id)
      else {
        const isCutShort = state === 'cancelled' || state === 'error'
        this.#next(author, run, isCutShort ? [chain, ...waiting] : waiting).catch(onError)
      }
    }
  }

  /** Starts nothing more; what waits stays with its run for the next start. */
  close(): void {
    this.#isClosed = true
  }

  /** Starts the next chain once this one ended; who cancels a run drops what waits behind it. */
  #follow(author: Author, id: string): void {
    const goOn = async (): Promise<void> => {
      const run = await this.#deps.jobs.wait(id)
      await this.#next(author, run, run.waiting)
    }
    goOn().catch(this.#deps.onError)
  }

  async #next(author: Author, run: VerificationRun, chains: readonly string[]): Promise<void> {
    const [chain, ...waiting] = chains
    if (chain === undefined || this.#isClosed) return
    const { id: follows, mode, requestedBy } = run
    const id = await this.#begin(author, { mode, requestedBy, chain, waiting, follows })
    if (waiting.length > 0) this.#follow(author, id)
  }

  /** With an entry of its own; waits for a run of others (a schedule's) that is going on. */
  async #begin(author: Author, request: VerificationRequest & { readonly chain: string }): Promise<string> {
    const { jobs, changes } = this.#deps
    for (;;) {
      try {
        const { id } = await this.#started(request, (reserve) =>
          changes.as({ ...author, at: Date.now() }, async (_trx, tell) => ({
            id: await tellOf(tell, await reserve(), request.waiting ?? []),
          })),
        )
        return id
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'AUDIT_VERIFICATION_RUNNING' || this.#isClosed) throw error
        const other = error.detail['id']
        await (typeof other === 'string' ? jobs.wait(other) : sleep(BUSY_MS))
      }
    }
  }

  /**
   * Begins a run once the entry that tells of it is committed, so that none goes on that no entry tells of. `tell`
   * reserves it, in its transaction, as often as that is tried; another's run it may give is left as it is.
   */
  async #started(
    request: VerificationRequest,
    tell: (reserve: () => Promise<VerificationRun>) => Promise<{ readonly id: string }>,
  ): Promise<{ readonly id: string; readonly isNew: boolean }> {
    const held: { run?: ReservedRun } = {}
    const reserve = async (): Promise<VerificationRun> => (held.run ??= await this.#deps.jobs.reserve(request)).run
    try {
      const { id } = await tell(reserve)
      const isNew = held.run?.run.id === id
      await (isNew ? held.run?.begin() : held.run?.release())
      return { id, isNew }
    } catch (error) {
      await held.run?.release()
      throw error
    }
  }

  async #view(run: VerificationRun): Promise<VerificationView> {
    const { directory, audit, inclusion } = this.#deps
    const isNarrow = (await findNarrowRuns(audit, [run.id])).has(run.id)
    return verificationView(directory, inclusion.live(run), isNarrow, run.state === 'running' ? run.waiting : [])
  }
}

/** The entry of a run that is about to begin; gives its id. */
const tellOf = async (tell: Tell, run: VerificationRun, waiting: readonly string[]): Promise<string> => {
  const { id, chain, mode: depth } = run
  const after = { id, name: `${chain} ${depth}`, chain, depth, waiting: [...waiting] }
  await tell({ action: 'Verification', object: { type: 'audit-verification', id }, after })
  return id
}
