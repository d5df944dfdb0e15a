import { AppError, type CardView, type Page } from '../../shared/contract/index.ts'
import { findCard, listCards, listCertificates, type CardRowStored } from '../db/repositories/cards.ts'
import { findHolder, type HolderRowStored } from '../db/repositories/holders.ts'
import type { Call } from './call.ts'
import { scopeOf, type ServiceDeps } from './deps.ts'
import { cardView } from './views.ts'

/** Cards as they are known here. */
export class Cards {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  async list(
    call: Call,
    filter: { cursor?: string | undefined; limit: number; text?: string | undefined },
  ): Promise<Page<CardView>> {
    const found = await listCards(this.#deps.db, scopeOf(call), filter)
    return { items: await this.#views(call, found.items), next: found.next }
  }

  /** Throws CARD_NOT_FOUND, also for a card of another office. */
  async read(call: Call, serial: string): Promise<CardView> {
    const row = await findCard(this.#deps.db, scopeOf(call), serial)
    const [view] = row ? await this.#views(call, [row]) : []
    if (!view) throw new AppError('CARD_NOT_FOUND')
    return view
  }

  async #views(call: Call, rows: readonly CardRowStored[]): Promise<CardView[]> {
    const { db, directory } = this.#deps
    const tenantWide = { tenant: call.actor.tenant, reach: { kind: 'everything' } } as const
    const certificates = await listCertificates(db, call.actor.tenant, { cards: rows.map((row) => row.id) })
    const holders = new Map<string, HolderRowStored | null>()
    for (const { holder_id: id } of rows) {
      if (id !== null && !holders.has(id)) holders.set(id, await findHolder(db, tenantWide, id))
    }
    return rows.map((row) => {
      const own = certificates.filter((one) => one.card_id === row.id)
      return cardView(
        directory,
        row,
        row.holder_id === null ? null : (holders.get(row.holder_id) ?? null),
        own,
        call.at,
      )
    })
  }
}
