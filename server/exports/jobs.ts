import { z } from 'zod'
import { AppError } from '../../shared/contract/errors.ts'
import { PDF_ENTRIES_MAX } from '../../shared/contract/routes/exports.ts'
import type { ManifestHead } from '../../shared/exports/index.ts'
import { listChains } from '../db/repositories/audit-chain.ts'
import {
  listExportsOf,
  readExport,
  sumKeptBytes,
  type ExportChange,
  type ExportRow,
} from '../db/repositories/exports.ts'
import { readJob } from '../db/repositories/jobs.ts'
import type { OperationalDatabase } from '../db/schema.ts'
import { doubling, type JobHandler, type RunningJob } from '../jobs/job.ts'
import type { OwnChanges } from '../jobs/own-changes.ts'
import type { Log } from '../log/log.ts'
import { exportSnapshot, orderOf } from '../services/exports-view.ts'
import { evaluatedSearch } from './evaluated.ts'
import { readNames } from './names-known.ts'
import type { MadePackage, PackageMaker, PackageDeps } from './package.ts'
import type { ExportFilter, ExportProgress } from './ports.ts'
import { renewExports } from './renew-exports.ts'
import { renewalOf } from './renewal.ts'
import { changeRow } from './row-change.ts'

export interface ExportJobsDeps extends PackageDeps {
  readonly db: OperationalDatabase
  readonly own: OwnChanges
  readonly log: Log
  readonly maker: PackageMaker
  /** This node: its chain, and whose folder it is. */
  readonly node: string
  readonly product: string
  /** A checkpoint of everything that is there now, of the node's own chain. */
  readonly seal: () => Promise<unknown>
  readonly keepMs: number
  readonly maxBytes: number
  /** Whoever may still read a package's file may not any more. */
  readonly forget: (id: string) => void
}

interface Live {
  progress: ExportProgress
  readonly abort: AbortController
  readonly ended: Promise<void>
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const ATTEMPTS = 4
const WATCH_MS = 2000
const Body = z.looseObject({ export: z.string() })

/** The name of a package as it is downloaded: of what, when. */
const fileNameOf = (row: ExportRow): string => {
  const day = new Date(row.created_at).toISOString().slice(0, 10)
  return `audit-${day}-${row.id.slice('export_'.length).slice(-8).toLowerCase()}.zip`
}

/**
 * Making, clearing and renewing packages. Order of writes, and what is true if the process dies after each:
 * 1. row and job, with the order's entry (`services/exports.ts`): the job makes it when there is a process again
 * 2. files in `<id>.part`: made again from the start by the next attempt, since a row says nothing of them
 * 3. the rename to `<id>`, every file durable: not given to anyone, since its row is not `ready`; made again
 * 4. the row `ready`, with its entry, in one commit: it can be downloaded
 * 5. when its time is over the row is `gone`, with its entry; then the folder is removed, at the latest by the next start
 */
export class ExportJobs {
  readonly #deps: ExportJobsDeps
  readonly #live = new Map<string, Live>()
  #tidiedAt = 0

  constructor(deps: ExportJobsDeps) {
    this.#deps = deps
  }

  progress(id: string): ExportProgress | null {
    return this.#live.get(id)?.progress ?? null
  }

  /** Stops what is being made, waits for that, and removes what there is. */
  async discard(id: string): Promise<void> {
    const live = this.#live.get(id)
    live?.abort.abort()
    await live?.ended
    this.#deps.forget(id)
    await this.#deps.folders.remove(id)
  }

  making(): JobHandler {
    return {
      maxAttempts: ATTEMPTS,
      isExclusive: false,
      backoffMs: doubling(MINUTE_MS / 12, 10 * MINUTE_MS),
      run: (job) => this.#run(job),
      onDead: (job, error) => this.#fail(Body.parse(job.body).export, error),
    }
  }

  clearing(): JobHandler {
    return {
      maxAttempts: ATTEMPTS,
      isExclusive: true,
      backoffMs: doubling(MINUTE_MS, 60 * MINUTE_MS),
      run: () => this.clear(),
    }
  }

  renewing(): JobHandler {
    return {
      maxAttempts: 8,
      isExclusive: true,
      backoffMs: doubling(10 * MINUTE_MS, 6 * HOUR_MS),
      run: ({ signal }) => renewExports(this.#deps, signal),
    }
  }

  /** As `clear`, at most once an hour. Never rejects. */
  async tick(): Promise<void> {
    const now = this.#deps.own.now()
    if (now - this.#tidiedAt < HOUR_MS) return
    this.#tidiedAt = now
    await this.clear().catch((error: unknown) =>
      this.#deps.log.error({ cause: error instanceof Error ? error.stack : String(error) }, 'exports not cleared'),
    )
  }

  /** Removes what is past its time, what no row tells of, and what a process that died left half made. */
  async clear(): Promise<void> {
    const { db, node, own, folders, forget } = this.#deps
    for (const row of await listExportsOf(db, node, ['ready'])) {
      if (row.kept_until === null || row.kept_until > own.now()) continue
      await changeRow(own, row, { state: 'gone' }, (before) => ({
        action: 'Deletion',
        object: { type: 'export', id: row.id },
        before: exportSnapshot(before),
        reason: 'kept-until',
      }))
    }
    // Given up without anybody being told: the process died in between.
    for (const row of await listExportsOf(db, node, ['waiting'])) {
      const job = await readJob(db, row.tenant, row.job_id)
      if (job?.state !== 'waiting' && job?.state !== 'running')
        await this.#fail(row.id, job?.last_error ?? 'WORKER_CRASHED')
    }
    const kept = new Set((await listExportsOf(db, node, ['ready'])).map(({ id }) => id))
    for (const id of await folders.list()) {
      if (kept.has(id) || this.#live.has(id)) continue
      // A row that became ready since it was looked for has a folder that must stay.
      const row = await readExport(db, own.tenant, id)
      if (row?.state === 'ready' || this.#live.has(id)) continue
      forget(id)
      await folders.remove(id)
    }
  }

  async #run(job: RunningJob): Promise<void> {
    const id = Body.parse(job.body).export
    await this.#endEarlier(id)
    const abort = new AbortController()
    const stop = (): void => abort.abort()
    job.signal.addEventListener('abort', stop)
    if (job.signal.aborted) stop()
    let ended: () => void = () => undefined
    const live: Live = {
      progress: { phase: 'counting', written: 0, total: null },
      abort,
      ended: new Promise<void>((resolve) => (ended = resolve)),
    }
    // At once: nothing comes between this and the end of an earlier attempt.
    this.#live.set(id, live)
    try {
      await this.#attempt(job, id, live)
    } finally {
      job.signal.removeEventListener('abort', stop)
      this.#live.delete(id)
      ended()
    }
  }

  async #attempt(job: RunningJob, id: string, live: Live): Promise<void> {
    const { db, own } = this.#deps
    const row = await readExport(db, own.tenant, id)
    // Cancelled, or made by an attempt that died before it could say so.
    if (row?.state !== 'waiting') return
    const watch = setInterval(() => void this.#watch(row, live.abort), WATCH_MS)
    watch.unref()
    try {
      await this.#make(row, live)
    } catch (error) {
      await this.#ended(job, id, error)
    } finally {
      clearInterval(watch)
    }
  }

  /**
   * An attempt whose lease ran out may not have ended yet when the next begins, here as well: both write to the one
   * folder, and whichever fails removes it.
   */
  async #endEarlier(id: string): Promise<void> {
    for (let earlier = this.#live.get(id); earlier; earlier = this.#live.get(id)) {
      earlier.abort.abort()
      await earlier.ended
    }
  }

  /** Cancelled by another process: the shell, or another node. */
  async #watch({ id, tenant }: ExportRow, abort: AbortController): Promise<void> {
    // Where the row cannot be read now, the next look or the end finds out.
    const row = await readExport(this.#deps.db, tenant, id).catch(() => undefined)
    if (row !== undefined && row?.state !== 'waiting' && row?.state !== 'ready') abort.abort()
  }

  /** Not waited for any more: done. Closing: for the next process. Else it failed, for good or for now. */
  async #ended(job: RunningJob, id: string, error: unknown): Promise<void> {
    const { db, own, folders } = this.#deps
    // Looked at before anything is removed: a commit whose answer was lost made it ready, and then the files are its own.
    const row = await readExport(db, own.tenant, id)
    if (row?.state === 'ready') return
    await folders.remove(id)
    if (row?.state !== 'waiting') return
    const isAgain = !(error instanceof AppError) || error.retry
    if (!job.signal.aborted && (!isAgain || job.attempt >= ATTEMPTS))
      await this.#fail(id, error instanceof AppError ? error.code : 'INTERNAL')
    throw error
  }

  async #make(row: ExportRow, live: Live): Promise<void> {
    const { audit, db, own, node, seal, folders, maxBytes, maker, signatures, product } = this.#deps
    const order = orderOf(row)
    const filter = JSON.parse(row.filter) as ExportFilter
    const key = await signatures.signer()
    const chains = filter.selected?.chains ?? (await listChains(audit.db))
    if (chains.includes(node)) await seal()
    const head: ManifestHead = {
      v: 1,
      product,
      server: node,
      tenant: row.tenant,
      id: row.id,
      createdAt: own.now(),
      requestedBy: order.requestedBy,
      reason: order.reason,
      selection: order.selection,
      order: { format: order.format, level: order.level, language: order.language, timeZone: order.timeZone },
      keys: key.kind,
      completeness: row.completeness as ManifestHead['completeness'],
      search: evaluatedSearch(filter),
    }
    const made = await maker.make({
      id: row.id,
      head,
      filter,
      chains,
      names: await readNames(db, row.tenant),
      visibleSignature: order.visibleSignature,
      tenant: row.tenant,
      maxBytes: await folders.room(await sumKeptBytes(db, node), maxBytes),
      maxEntries: order.format === 'pdf' ? PDF_ENTRIES_MAX : Number.MAX_SAFE_INTEGER,
      signal: live.abort.signal,
      onProgress: (progress) => (live.progress = progress),
    })
    const isOurs = await changeRow(own, row, this.#readyChange(row, head, made), (before, after) => ({
      action: 'Export',
      object: { type: 'export', id: row.id },
      before: { id: before.id, state: before.state },
      after: exportSnapshot(after),
    }))
    if (isOurs) await this.#deps.faults('after-ready')
    else if ((await readExport(db, row.tenant, row.id))?.state !== 'ready') await folders.remove(row.id)
  }

  #readyChange(row: ExportRow, { createdAt }: ManifestHead, made: MadePackage): Omit<ExportChange, 'updated_at'> {
    const now = this.#deps.own.now()
    return {
      state: 'ready',
      entries: made.entries,
      bytes: made.bytes,
      file_name: fileNameOf(row),
      manifest_digest: made.manifestDigest,
      members: JSON.stringify({ at: createdAt, members: made.members }),
      signers: JSON.stringify(made.signers),
      renew_at: renewalOf(null, made.end === null ? null : new Date(made.end)),
      ended_at: now,
      kept_until: now + this.#deps.keepMs,
    }
  }

  async #fail(id: string, error: string): Promise<void> {
    const { db, own, folders, log } = this.#deps
    const row = await readExport(db, own.tenant, id)
    if (row?.state !== 'waiting') return
    log.error({ export: id, error }, 'export failed')
    await changeRow(own, row, { state: 'failed', error, ended_at: own.now() }, (before, after) => ({
      action: 'Modification',
      object: { type: 'export', id },
      before: exportSnapshot(before),
      after: exportSnapshot(after),
    }))
    await folders.remove(id)
  }
}
