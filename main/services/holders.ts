import type { DeskOutput, DeskRequest } from '../../shared/contract/index.ts'
import type { Remote } from './ports.ts'
import type { SessionService } from './session.ts'

const ENROLMENTS_SHOWN = 50

/** People: search, one person with what is theirs, register, correct. */
export class HolderService {
  readonly #remote: Remote
  readonly #session: SessionService
  constructor(parts: { remote: Remote; session: SessionService }) {
    this.#remote = parts.remote
    this.#session = parts.session
  }

  search({ text, ...page }: DeskRequest<'holders.search'>): Promise<DeskOutput<'holders.search'>> {
    return this.#remote.call('listHolders', { query: { ...page, ...textOf(text) } })
  }

  /** What the operator may not read is left out rather than asked for: a help desk sees no enrolments. */
  async get({ id }: DeskRequest<'holders.get'>): Promise<DeskOutput<'holders.get'>> {
    const [holder, cards, enrolments] = await Promise.all([
      this.#remote.call('readHolder', { params: { id } }),
      this.#session.may('card.read') ? this.#remote.call('listHolderCards', { params: { id } }) : { items: [] },
      this.#session.may('enrolment.read')
        ? this.#remote.call('listEnrolments', { query: { holder: id, limit: ENROLMENTS_SHOWN } })
        : { items: [] },
    ])
    return { holder, cards: cards.items, enrolments: enrolments.items }
  }

  create({ fields, key }: DeskRequest<'holders.create'>): Promise<DeskOutput<'holders.create'>> {
    return this.#remote.call('createHolder', { body: fields }, { idempotencyKey: key })
  }
  update({ id, etag, fields }: DeskRequest<'holders.update'>): Promise<DeskOutput<'holders.update'>> {
    return this.#remote.call('updateHolder', { params: { id }, body: fields }, { ifMatch: etag })
  }
  trail({ objectType, objectId, ...query }: DeskRequest<'trail.get'>): Promise<DeskOutput<'trail.get'>> {
    return this.#remote.call('readTrail', { params: { objectType, objectId }, query })
  }
}

/** An empty search box means no filter, which the server's contract says by leaving it out. */
export const textOf = (text: string): { text?: string } => (text.trim() === '' ? {} : { text })
