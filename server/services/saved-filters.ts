import { AppError, SavedAuditSearch, type AuditFilterView } from '../../shared/contract/index.ts'
import type { Json } from '../../shared/audit/json.ts'
import { newId } from '../db/index.ts'
import {
  deleteSavedFilter,
  findSavedFilter,
  insertSavedFilter,
  listSavedFilters,
  updateSavedFilter,
  type FilterOwner,
  type SavedFilterRow,
} from '../db/repositories/saved-filters.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import type { Call } from './call.ts'
import type { Changes } from './change.ts'
import { assertVersion } from './deps.ts'
import { etagOf } from './views.ts'

const MAX_PER_OPERATOR = 200

interface Fields {
  readonly name: string
  readonly search: SavedAuditSearch
}

const ownerOf = (call: Call): FilterOwner => ({ tenant: call.actor.tenant, operatorId: call.actor.operator.id })
const searchOf = (row: SavedFilterRow): SavedAuditSearch => SavedAuditSearch.parse(JSON.parse(row.search))
const snapshot = (row: SavedFilterRow): Json => ({
  id: row.id,
  name: row.name,
  operatorId: row.operator_id,
  search: JSON.parse(row.search) as Json,
})
const view = (row: SavedFilterRow): AuditFilterView => ({
  id: row.id,
  etag: etagOf(row.version),
  name: row.name,
  search: searchOf(row),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

/** Filters of the audit that an operator keeps, for themselves alone; whose they are is asked in every query. */
export class SavedFilters {
  readonly #db: OperationalDatabase
  readonly #changes: Changes

  constructor(db: OperationalDatabase, changes: Changes) {
    this.#db = db
    this.#changes = changes
  }

  async list(call: Call): Promise<{ items: AuditFilterView[] }> {
    return { items: (await listSavedFilters(this.#db, ownerOf(call), MAX_PER_OPERATOR)).map(view) }
  }

  /** Throws REQUEST_CONFLICT: `name` is used, or there are too many (`count`). */
  create(call: Call, { name, search }: Fields): Promise<AuditFilterView> {
    return this.#changes.create(call, async (trx, tell) => {
      const owner = ownerOf(call)
      const known = await listSavedFilters(trx, owner, MAX_PER_OPERATOR)
      if (known.length >= MAX_PER_OPERATOR) throw new AppError('REQUEST_CONFLICT', { reason: 'count' })
      if (known.some((one) => one.name === name)) throw new AppError('REQUEST_CONFLICT', { reason: 'name' })
      const row: SavedFilterRow = {
        id: newId('filter'),
        tenant: owner.tenant,
        version: 1,
        created_at: call.at,
        updated_at: call.at,
        operator_id: owner.operatorId,
        name,
        search: JSON.stringify(search),
      }
      await insertSavedFilter(trx, row)
      await tell({ action: 'Insertion', object: { type: 'audit-filter', id: row.id }, after: snapshot(row) })
      return view(row)
    })
  }

  /** Throws NOT_FOUND, REQUEST_PRECONDITION_FAILED, REQUEST_CONFLICT (`name`). */
  update(call: Call, id: string, { name, search }: Fields): Promise<AuditFilterView> {
    return this.#changes.run(call, async (trx, tell) => {
      const before = await this.#own(trx, call, id)
      assertVersion(call, before.version)
      const namesakes = await listSavedFilters(trx, ownerOf(call), MAX_PER_OPERATOR)
      if (namesakes.some((one) => one.name === name && one.id !== id))
        throw new AppError('REQUEST_CONFLICT', { reason: 'name' })
      const values = { name, search: JSON.stringify(search), updated_at: call.at }
      await updateSavedFilter(trx, before, values)
      const after = { ...before, ...values, version: before.version + 1 }
      const object = { type: 'audit-filter', id } as const
      await tell({ action: 'Modification', object, before: snapshot(before), after: snapshot(after) })
      return view(after)
    })
  }

  /** Throws NOT_FOUND. */
  async delete(call: Call, id: string): Promise<void> {
    await this.#changes.run(call, async (trx, tell) => {
      const before = await this.#own(trx, call, id)
      if (!(await deleteSavedFilter(trx, id))) throw new AppError('NOT_FOUND')
      await tell({ action: 'Deletion', object: { type: 'audit-filter', id }, before: snapshot(before) })
    })
  }

  async #own(trx: OperationalTransaction, call: Call, id: string): Promise<SavedFilterRow> {
    const row = await findSavedFilter(trx, ownerOf(call), id)
    if (!row) throw new AppError('NOT_FOUND')
    return row
  }
}
