import { randomUUID } from 'node:crypto'
import type { DeskRequest, ReaderView } from '../../shared/contract/index.ts'
import { readWorkableCard } from './card-in-reader.ts'
import { toAppError } from './failure.ts'
import type { OutboxService } from './outbox.ts'
import type { CardPort, Log, Remote } from './ports.ts'
import type { WorkerKeys } from './worker-key.ts'

/** A new PIN through the PUK, which goes sealed from the server's vault to the card worker and is never seen here. */
export class UnblockService {
  readonly #parts: { cards: CardPort; remote: Remote; outbox: OutboxService; log: Log; workerKeys: WorkerKeys }
  constructor(parts: { cards: CardPort; remote: Remote; outbox: OutboxService; log: Log; workerKeys: WorkerKeys }) {
    this.#parts = parts
  }

  /**
   * The card is looked at before the PUK is asked for, so that a wrong card discloses nothing. On return the card has the
   * new PIN and the server knows, or will be told (outbox). How a failed attempt ended is told best effort.
   */
  async unblock({ reader, serial, checks, reason, newPin }: DeskRequest<'cards.unblock'>): Promise<ReaderView> {
    const { cards, remote, outbox, log, workerKeys } = this.#parts
    await readWorkableCard(cards, reader, serial)
    const idempotencyKey = randomUUID()
    const to = await workerKeys.for({ purpose: 'unblock', subject: idempotencyKey, cardSerial: serial })
    const body = { ...to, checks, reason }
    const started = await remote.call('startUnblock', { params: { serial }, body }, { idempotencyKey })
    const params = { serial, id: started.id }
    let view: ReaderView
    try {
      view = await cards.unblock({ reader, serial, puk: started.secrets, newPin })
    } catch (error) {
      const body = { outcome: 'failed' as const, code: toAppError(error).code }
      await outbox
        .deliver('finishUnblock', { params, body })
        .catch((untold: unknown) => log.warn('unblock.failure-not-told', { unblock: started.id, error: untold }))
      throw error
    }
    await outbox
      .deliver('finishUnblock', { params, body: { outcome: 'done', code: null } })
      .catch((untold: unknown) => log.error('unblock.outcome-refused', { unblock: started.id, error: untold }))
    return view
  }
}
