import {
  AppError,
  type CardView,
  type HolderFields,
  type HolderRow,
  type HolderView,
  type Page,
} from '../../shared/contract/index.ts'
import { newId } from '../db/index.ts'
import { listCards, listCertificates } from '../db/repositories/cards.ts'
import {
  findHolder,
  holderSearchText,
  insertHolder,
  listHolders,
  updateHolder,
  type HolderRowStored,
} from '../db/repositories/holders.ts'
import { assertReach } from '../identity/permission.ts'
import type { Call } from './call.ts'
import { assertVersion, dayOf, placeOf, scopeOf, type ServiceDeps } from './deps.ts'
import { cardView, holderSnapshot, holderView } from './views.ts'

const columnsOf = (fields: HolderFields) => ({
  given_names: fields.givenNames,
  family_name: fields.familyName,
  birth_date: fields.birthDate,
  nationality: fields.nationality,
  personal_number: fields.personalNumber,
  email: fields.email,
})

const assertBorn = (fields: HolderFields, at: number): void => {
  if (fields.birthDate > dayOf(at) || fields.birthDate < '1900-01-01')
    throw new AppError('REQUEST_INVALID', { path: 'body.birthDate', reason: 'date' })
}

/** People: found, registered, corrected. Each in one office; nobody sees past their scope. */
export class Holders {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  async list(
    call: Call,
    filter: { cursor?: string | undefined; limit: number; text?: string | undefined },
  ): Promise<Page<HolderRow>> {
    const { db, directory } = this.#deps
    const found = await listHolders(db, scopeOf(call), filter)
    const items = found.items.map((row) => ({
      ...holderView(directory, row),
      activeCards: row.active_cards,
      openEnrolments: row.open_enrolments,
    }))
    return { items, next: found.next }
  }

  /** Throws HOLDER_NOT_FOUND, also for a holder of another office: that they exist is not told. */
  async read(call: Call, id: string): Promise<HolderView> {
    const row = await findHolder(this.#deps.db, scopeOf(call), id)
    if (!row) throw new AppError('HOLDER_NOT_FOUND')
    return holderView(this.#deps.directory, row)
  }

  create(call: Call, fields: HolderFields): Promise<HolderView> {
    assertBorn(fields, call.at)
    const { office, tenant, ability } = call.actor
    if (!office) throw new AppError('ACCESS_DENIED', { reason: 'office-needed' })
    const place = { division: office.divisionId, office: office.id }
    assertReach(ability, call.right, place)
    return this.#deps.changes.create(call, async (trx, tell) => {
      const columns = columnsOf(fields)
      const row: Omit<HolderRowStored, 'version'> = {
        id: newId('holder'),
        tenant,
        ...place,
        ...columns,
        document_type: null,
        document_number: null,
        search: holderSearchText({ ...columns, document_number: null }),
        created_at: call.at,
        updated_at: call.at,
      }
      await insertHolder(trx, row)
      const stored = { ...row, version: 1 }
      await tell({ action: 'Insertion', object: { type: 'holder', id: row.id }, after: holderSnapshot(stored), place })
      return holderView(this.#deps.directory, stored)
    })
  }

  /** Throws HOLDER_NOT_FOUND, REQUEST_PRECONDITION_FAILED. */
  update(call: Call, id: string, fields: HolderFields): Promise<HolderView> {
    assertBorn(fields, call.at)
    return this.#deps.changes.run(call, async (trx, tell) => {
      const before = await findHolder(trx, scopeOf(call), id)
      if (!before) throw new AppError('HOLDER_NOT_FOUND')
      assertVersion(call, before.version)
      const columns = columnsOf(fields)
      const search = holderSearchText({ ...columns, document_number: before.document_number })
      await updateHolder(trx, before, { ...columns, search, updated_at: call.at })
      const after = { ...before, ...columns, search, updated_at: call.at, version: before.version + 1 }
      await tell({
        action: 'Modification',
        object: { type: 'holder', id },
        before: holderSnapshot(before),
        after: holderSnapshot(after),
        place: placeOf(before),
      })
      return holderView(this.#deps.directory, after)
    })
  }

  async cards(call: Call, id: string): Promise<{ items: CardView[] }> {
    const { db, directory } = this.#deps
    const holder = await findHolder(db, scopeOf(call), id)
    if (!holder) throw new AppError('HOLDER_NOT_FOUND')
    const { items } = await listCards(db, scopeOf(call), { holder: id, limit: 200 })
    const certificates = await listCertificates(db, call.actor.tenant, { cards: items.map((card) => card.id) })
    return {
      items: items.map((card) => {
        const own = certificates.filter((one) => one.card_id === card.id)
        return cardView(directory, card, holder, own, call.at)
      }),
    }
  }
}
