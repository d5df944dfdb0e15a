import { AppError, type ErrorCode, type HttpRequest } from '../../shared/contract/index.ts'
import { newId } from '../db/index.ts'
import { findCard } from '../db/repositories/cards.ts'
import { endUnblock, findUnblock, insertUnblock } from '../db/repositories/unblocks.ts'
import type { Call } from './call.ts'
import { codeOwner } from './card-change.ts'
import { placeOf, scopeOf, type ServiceDeps } from './deps.ts'
import { assertWorkerVouched } from './worker-vouched.ts'

type Asked = HttpRequest<'startUnblock'>['body']

/** A PIN unblocked at a desk: the PUK goes from the vault to the card worker, sealed; nobody reads it. */
export class Unblocks {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Throws CARD_NOT_FOUND, REQUEST_CONFLICT (`state`), VAULT_CODE_NOT_FOUND, and as `assertWorkerVouched` does. */
  async start(call: Call, serial: string, asked: Asked): Promise<{ id: string; secrets: string }> {
    const subject = call.idempotency?.key ?? ''
    await assertWorkerVouched(this.#deps, call, asked, { purpose: 'unblock', subject, cardSerial: serial })
    if (new Set(asked.checks).size < 2) throw new AppError('REQUEST_INVALID', { path: 'body.checks', reason: 'twice' })
    // Only the id is kept under the Idempotency-Key: a repeat is a disclosure of its own, with its own entry.
    const { id } = await this.#deps.changes.create(call, async (trx, tell) => {
      const card = await this.#activeCard(trx, call, serial)
      const row = {
        id: newId('unblock'),
        tenant: card.tenant,
        ...placeOf(card),
        card_id: card.id,
        operator_id: call.actor.operator.id,
        state: 'started' as const,
        checks: JSON.stringify(asked.checks),
        reason: asked.reason,
        error: null,
        created_at: call.at,
        updated_at: call.at,
      }
      await insertUnblock(trx, row)
      await tell({
        action: 'Modification',
        object: { type: 'card', id: serial },
        after: { name: serial, unblock: row.id, state: 'started', checks: asked.checks, holderId: card.holder_id },
        reason: asked.reason,
        place: placeOf(card),
      })
      return { id: row.id }
    })
    return { id, secrets: await this.#disclose(call, serial, id, asked) }
  }

  /** Only for an unblocking that is still going on: a key kept from an ended one opens nothing. */
  async #disclose(call: Call, serial: string, id: string, { workerKey: to, reason }: Asked): Promise<string> {
    const disclosure = await this.#deps.changes.run(call, async (trx, tell) => {
      const card = await this.#activeCard(trx, call, serial)
      const row = await findUnblock(trx, card.tenant, card.id, id)
      if (row?.state !== 'started') throw new AppError('REQUEST_CONFLICT', { state: row?.state ?? null })
      const owner = await codeOwner(trx, card)
      return this.#deps.vault.disclose(trx, tell, { owner, kinds: ['puk'], use: 'puk', to, reason })
    })
    return disclosure.seal()
  }

  /** Repeated with the same outcome, it changes nothing. Throws NOT_FOUND, REQUEST_CONFLICT. */
  finish(
    call: Call,
    serial: string,
    id: string,
    ended: { readonly outcome: 'done' | 'failed'; readonly code: ErrorCode | null },
  ): Promise<{ done: true }> {
    return this.#deps.changes.run(call, async (trx, tell) => {
      const card = await findCard(trx, scopeOf(call), serial)
      if (!card) throw new AppError('CARD_NOT_FOUND')
      const row = await findUnblock(trx, card.tenant, card.id, id)
      if (!row) throw new AppError('NOT_FOUND')
      if (row.state === ended.outcome) return { done: true }
      if (row.state !== 'started') throw new AppError('REQUEST_CONFLICT', { state: row.state })
      if (ended.outcome === 'done')
        await this.#deps.vault.deliver(trx, tell, await codeOwner(trx, card), 'puk', call.at)
      await endUnblock(trx, id, { state: ended.outcome, error: ended.code, updated_at: call.at })
      const fact = { name: serial, unblock: id, holderId: card.holder_id }
      await tell({
        action: 'Modification',
        object: { type: 'card', id: serial },
        before: { ...fact, state: 'started' },
        after: { ...fact, state: ended.outcome, error: ended.code },
        reason: row.reason,
        place: placeOf(card),
      })
      return { done: true }
    })
  }

  async #activeCard(trx: Parameters<typeof findCard>[0], call: Call, serial: string) {
    const card = await findCard(trx, scopeOf(call), serial)
    if (!card) throw new AppError('CARD_NOT_FOUND')
    if (card.state !== 'active') throw new AppError('REQUEST_CONFLICT', { state: card.state })
    return card
  }
}
