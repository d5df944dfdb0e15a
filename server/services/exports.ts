import { AppError, type HttpAnswer, type HttpRequest } from '../../shared/contract/index.ts'
import {
  PDF_ENTRIES_MAX,
  type Completeness,
  type DownloadPass,
  type ExportEstimate,
  type ExportOrder,
  type ExportSelection,
  type ExportView,
  type SignatureLevel,
} from '../../shared/contract/routes/exports.ts'
import { Id } from '../../shared/contract/scalars.ts'
import { newId } from '../db/index.ts'
import {
  changeExport,
  countUnfinished,
  findExport,
  insertExport,
  listExports,
  type ExportOwner,
  type ExportRow,
} from '../db/repositories/exports.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import type { ExportPlan, ExportProgress, KeptOrder } from '../exports/ports.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Call } from './call.ts'
import type { Changes, Told } from './change.ts'
import { planExport, stillReaches, type SelectionDeps } from './exports-selection.ts'
import { exportName, exportSnapshot, exportView, orderOf } from './exports-view.ts'

/** What makes, keeps and gives the packages: `server/exports`, asked for only when needed. */
export interface ExportWorks {
  /** Of one that is being made in this process. */
  progress(id: string): ExportProgress | null
  /** Stops making it, waits until it has, and removes what there is of it. */
  discard(id: string): Promise<void>
  /** Entries of a plan, counted no further than `most`. */
  count(plan: ExportPlan, most: number): Promise<number>
  signer(): Promise<ExportEstimate['signer']>
  levels(): Promise<readonly SignatureLevel[]>
  pass(id: string, sessionId: string, now: number): Promise<{ readonly pass: string; readonly expiresAt: number }>
  prepareSecond(
    row: ExportRow,
    operatorId: string,
    certificate: Uint8Array,
  ): Promise<HttpAnswer<'prepareSecondSignature'>>
  /** What the row becomes once `commit` has written that; files and row are of one moment. */
  addSecond(
    row: ExportRow,
    operatorId: string,
    made: { readonly certificate: Uint8Array; readonly signature: Uint8Array },
    commit: (change: SecondChange) => Promise<ExportRow>,
  ): Promise<ExportRow>
}
export type SecondChange = Pick<ExportRow, 'bytes' | 'members' | 'signers' | 'renew_at'>

/** How orders, removals and what else is done with them become durable with their entries; `Changes` does. */
export type ExportChanges = Pick<Changes, 'create' | 'run'>

export interface ExportsDeps extends SelectionDeps {
  readonly db: OperationalDatabase
  readonly changes: ExportChanges
  readonly queue: JobQueue
  readonly node: string
  readonly works: ExportWorks
}

/** Exports of one person that are not made yet. */
const UNFINISHED_MAX = 3
const COUNTED_MAX = 100_000
export const filePath = (id: string): string => `/api/v1/exports/${id}/file`

/** Null: the shell, which is nobody in particular. */
const personOf = ({ actor }: Call): string | null =>
  Id.safeParse(actor.operator.id).success ? actor.operator.id : null
const ownerOf = (call: Call): ExportOwner => ({ tenant: call.actor.tenant, operator: personOf(call) })
const objectOf = (id: string) => ({ type: 'export', id }) as const
const placeOf = ({ division, office }: ExportRow) => ({ division, office })
const modified = (row: ExportRow, after: ExportRow): Told => ({
  action: 'Modification',
  object: objectOf(row.id),
  before: exportSnapshot(row),
  after: exportSnapshot(after),
  place: placeOf(row),
})
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'))

/** Signed exports of the audit: ordered, made by a job, downloaded and removed by who ordered them; each step an entry. */
export class Exports {
  readonly #deps: ExportsDeps

  constructor(deps: ExportsDeps) {
    this.#deps = deps
  }

  async estimate(call: Call, selection: ExportSelection): Promise<ExportEstimate> {
    const { works } = this.#deps
    const plan = await planExport(this.#deps, call, selection)
    const counted = await works.count(plan, COUNTED_MAX + 1)
    return {
      entries: Math.min(counted, COUNTED_MAX),
      isMore: counted > COUNTED_MAX,
      completeness: plan.possible[0],
      possible: [...plan.possible],
      levels: [...(await works.levels())],
      signer: await works.signer(),
    }
  }

  /**
   * Durable and audited when it returns; made by a job. Throws EXPORT_COMPLETENESS_IMPOSSIBLE, EXPORT_LEVEL_UNAVAILABLE,
   * EXPORT_TOO_LARGE, EXPORT_BUSY, REQUEST_INVALID (`time-zone`).
   */
  async create(call: Call, order: ExportOrder): Promise<ExportView> {
    const { works, changes, queue } = this.#deps
    const plan = await planExport(this.#deps, call, order.selection)
    const completeness = order.completeness ?? plan.possible[0]
    if (!plan.possible.includes(completeness))
      throw new AppError('EXPORT_COMPLETENESS_IMPOSSIBLE', { completeness, possible: plan.possible.join(' ') })
    assertTimeZone(order.timeZone)
    if (!(await works.levels()).includes(order.level))
      throw new AppError('EXPORT_LEVEL_UNAVAILABLE', { level: order.level })
    if (order.format === 'pdf' && (await works.count(plan, PDF_ENTRIES_MAX + 1)) > PDF_ENTRIES_MAX)
      throw new AppError('EXPORT_TOO_LARGE', { most: PDF_ENTRIES_MAX })
    const view = await changes.create(call, async (trx, tell) => {
      if ((await countUnfinished(trx, ownerOf(call))) >= UNFINISHED_MAX)
        throw new AppError('EXPORT_BUSY', { most: UNFINISHED_MAX })
      const row = this.#row(call, order, plan, completeness)
      const job = { kind: 'audit-export', node: row.node, body: { export: row.id } } as const
      const person = personOf(call)
      const by = person === null ? job : { ...job, requestedBy: person }
      const jobId = await queue.add(trx, tell, by, call.at)
      const made = { ...row, job_id: jobId ?? '' }
      await insertExport(trx, made)
      const place = placeOf(made)
      await tell({
        action: 'Export',
        object: objectOf(row.id),
        after: exportSnapshot(made),
        reason: order.reason,
        place,
      })
      return this.#view(made)
    })
    queue.wake()
    return view
  }

  async list(call: Call, query: HttpRequest<'listExports'>['query']): Promise<HttpAnswer<'listExports'>> {
    const { state, ...request } = query
    const states = state === undefined ? undefined : ([state === 'running' ? 'waiting' : state] as const)
    const { items, next } = await listExports(this.#deps.db, ownerOf(call), states, request)
    const views = items.map((row) => this.#view(row))
    return { items: state === undefined ? views : views.filter((one) => one.state === state), next }
  }

  /** Throws EXPORT_NOT_FOUND, also for one of somebody else. */
  async read(call: Call, id: string): Promise<ExportView> {
    return this.#view(await this.#find(this.#deps.db, call, id))
  }

  /** Nothing of it is kept. Throws EXPORT_NOT_FOUND, EXPORT_STATE. */
  async cancel(call: Call, id: string): Promise<ExportView> {
    const { changes, works } = this.#deps
    const cancelled = await changes.run(call, async (trx, tell) => {
      const row = await this.#find(trx, call, id)
      if (row.state !== 'waiting') throw new AppError('EXPORT_STATE', { state: row.state })
      const change = { state: 'cancelled', ended_at: call.at, updated_at: call.at } as const
      if (!(await changeExport(trx, row, change))) throw new AppError('EXPORT_STATE', { state: 'ready' })
      const after = { ...row, ...change, version: row.version + 1 }
      await tell(modified(row, after))
      return after
    })
    await works.discard(id)
    return this.#view(cancelled)
  }

  /** The file is gone when it returns; the order is kept. Throws EXPORT_NOT_FOUND, EXPORT_STATE. */
  async delete(call: Call, id: string): Promise<void> {
    const { changes, works } = this.#deps
    await changes.run(call, async (trx, tell) => {
      const row = await this.#find(trx, call, id)
      if (row.state !== 'ready') throw new AppError('EXPORT_STATE', { state: row.state })
      const change = { state: 'gone', updated_at: call.at } as const
      if (!(await changeExport(trx, row, change))) throw new AppError('EXPORT_STATE', { state: 'gone' })
      await tell({
        action: 'Deletion',
        object: objectOf(id),
        before: exportSnapshot(row),
        place: placeOf(row),
      })
    })
    await works.discard(id)
  }

  /** The entry is in the chain before the pass leaves. Throws EXPORT_NOT_FOUND, EXPORT_STATE, ACCESS_DENIED. */
  async authorise(call: Call, id: string): Promise<DownloadPass> {
    const { changes, works, db } = this.#deps
    const row = await this.#find(db, call, id)
    await this.#assertReach(call, row)
    const { file_name: fileName, bytes } = readyOf(row)
    const after = { ...exportName(row), download: true }
    const place = placeOf(row)
    await changes.run(call, (_trx, tell) => tell({ action: 'Export', object: objectOf(id), after, place }))
    const { pass, expiresAt } = await works.pass(id, call.actor.sessionId, call.at)
    return { path: filePath(id), pass, fileName, bytes, expiresAt }
  }

  /** Throws EXPORT_NOT_FOUND, EXPORT_STATE, EXPORT_SIGNATURE_INVALID, CERTIFICATE_*. */
  async prepareSecond(call: Call, id: string, certificate: string): Promise<HttpAnswer<'prepareSecondSignature'>> {
    const row = await this.#find(this.#deps.db, call, id)
    await this.#assertReach(call, row)
    readyOf(row)
    return this.#deps.works.prepareSecond(row, call.actor.operator.id, bytesOf(certificate))
  }

  /** Durable in file, row and chain when it returns. Throws as `prepareSecond`. */
  async addSecond(
    call: Call,
    id: string,
    made: { readonly certificate: string; readonly signature: string },
  ): Promise<ExportView> {
    const { changes, works, db } = this.#deps
    const row = await this.#find(db, call, id)
    await this.#assertReach(call, row)
    readyOf(row)
    const given = { certificate: bytesOf(made.certificate), signature: bytesOf(made.signature) }
    const signed = await works.addSecond(row, call.actor.operator.id, given, (change) =>
      changes.run(call, async (trx, tell) => {
        const updated = { ...change, updated_at: call.at }
        if (!(await changeExport(trx, row, updated))) throw new AppError('EXPORT_STATE', { state: 'changed' })
        const after = { ...row, ...updated, version: row.version + 1 }
        await tell(modified(row, after))
        return after
      }),
    )
    return this.#view(signed)
  }

  #view(row: ExportRow): ExportView {
    return exportView(this.#deps.directory, row, this.#deps.works.progress(row.id))
  }

  async #find(db: OperationalDatabase | OperationalTransaction, call: Call, id: string): Promise<ExportRow> {
    const row = await findExport(db, ownerOf(call), id)
    if (!row) throw new AppError('EXPORT_NOT_FOUND', { id })
    return row
  }

  /** Who lost part of what they saw gets nothing out that shows it. */
  async #assertReach(call: Call, row: ExportRow): Promise<void> {
    const plan = await planExport(this.#deps, call, orderOf(row).selection)
    const ordered = JSON.parse(row.filter) as { readonly reach: string }
    if (!stillReaches(plan.filter.reach, ordered.reach))
      throw new AppError('ACCESS_DENIED', { right: call.right, reason: 'reach' })
  }

  #row(call: Call, order: ExportOrder, plan: ExportPlan, completeness: Completeness): ExportRow {
    const { actor } = call
    const kept: KeptOrder = {
      selection: order.selection,
      format: order.format,
      level: order.level,
      language: order.language,
      timeZone: order.timeZone,
      visibleSignature: order.visibleSignature ?? false,
      reason: order.reason,
      requestedBy: { ...actor.operator, role: actor.role, office: actor.office?.id ?? null },
    }
    return {
      id: newId('export', call.at),
      tenant: actor.tenant,
      version: 1,
      created_at: call.at,
      updated_at: call.at,
      division: actor.office?.divisionId ?? null,
      office: actor.office?.id ?? null,
      requested_by: personOf(call),
      requested_role: actor.role,
      node: this.#deps.node,
      job_id: '',
      state: 'waiting',
      ordered: JSON.stringify(kept),
      filter: JSON.stringify(plan.filter),
      completeness,
      entries: null,
      bytes: null,
      file_name: null,
      manifest_digest: null,
      members: '[]',
      signers: '[]',
      renew_at: null,
      ended_at: null,
      kept_until: null,
      error: null,
    }
  }
}

const assertTimeZone = (zone: string): void => {
  if (zone !== 'UTC' && !Intl.supportedValuesOf('timeZone').includes(zone))
    throw new AppError('REQUEST_INVALID', { reason: 'time-zone', path: 'body.timeZone' })
}

const readyOf = (row: ExportRow): { readonly file_name: string; readonly bytes: number } => {
  const { state, file_name, bytes } = row
  if (state !== 'ready' || file_name === null || bytes === null) throw new AppError('EXPORT_STATE', { state })
  return { file_name, bytes }
}
