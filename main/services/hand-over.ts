import { AppError, type EnrolmentView, type Sealed } from '../../shared/contract/index.ts'
import { readWorkableCard } from './card-in-reader.ts'
import type { CardPort, DeskStore, Log, Remote } from './ports.ts'
import type { WorkerKeys } from './worker-key.ts'

/**
 * The holder chooses a PIN and takes the card. Order, and what is true if the desk dies after each:
 * 1. store: `replacing`. The transport PIN may or may not still be on the card.
 * 2. card: transport PIN → the holder's PIN; store: `replaced`. The holder's PIN is on the card, the server does not know.
 * 3. server: handed over; the store forgets.
 * Called again after 2, without a PIN, it does not touch the card: only 3 is left, and the PIN chosen first stays (nobody here knows it,
 * which changing it would need; the holder may change it as its owner). The screen asks `pinChosen` first, so that nobody
 * types a PIN that would not be used.
 * Called again after 1 the worker tries the transport PIN and then the PIN typed now: where the card has neither, the
 * holder had chosen another one. That costs two PIN tries, which the next right PIN gives back; it is told, and noted.
 */
export class HandOverService {
  readonly #parts: { cards: CardPort; remote: Remote; store: DeskStore; log: Log; workerKeys: WorkerKeys }
  constructor(parts: { cards: CardPort; remote: Remote; store: DeskStore; log: Log; workerKeys: WorkerKeys }) {
    this.#parts = parts
  }

  pinChosen({ id, serial }: { id: string; serial: string }): 'no' | 'maybe' | 'yes' {
    const change = this.#parts.store.readPinChange(id, serial)
    return change === null ? 'no' : change === 'replaced' ? 'yes' : 'maybe'
  }

  /**
   * Where the card has its new PIN and the server was not told, the error says `pinChanged: true`: call again with
   * `newPin` null to finish. ENROLMENT_STATE for a PIN where one was chosen already, for none where none was, and in
   * any other state.
   */
  async handOver(asked: { id: string; reader: string; newPin: Sealed | null }): Promise<EnrolmentView> {
    const { id, reader, newPin } = asked
    const { cards, remote, store } = this.#parts
    const { cardSerial, state } = await remote.call('readEnrolment', { params: { id } })
    if (cardSerial === null || (state !== 'issued' && state !== 'handed-over'))
      throw new AppError('ENROLMENT_STATE', { state })
    // A PIN that would not be used is refused: who typed it would believe that the card has it.
    if (state === 'handed-over' && newPin !== null) throw new AppError('ENROLMENT_STATE', { state })
    if (state === 'issued') {
      await readWorkableCard(cards, reader, cardSerial)
      const replaced = store.readPinChange(id, cardSerial) === 'replaced'
      if (replaced && newPin !== null) throw new AppError('ENROLMENT_STATE', { reason: 'pin-chosen', pinChanged: true })
      if (!replaced) {
        if (newPin === null) throw new AppError('ENROLMENT_STATE', { reason: 'pin-not-chosen' })
        await this.#replace(id, { reader, serial: cardSerial }, newPin)
      }
    }
    try {
      const enrolment = await remote.call('handOver', { params: { id }, body: { cardSerial } })
      store.forgetEnrolment(id)
      return enrolment
    } catch (error) {
      if (error instanceof AppError)
        throw new AppError(error.code, { ...error.detail, pinChanged: true }, { cause: error })
      throw error
    }
  }

  async #replace(id: string, card: { reader: string; serial: string }, newPin: Sealed): Promise<void> {
    const { cards, remote, store, log, workerKeys } = this.#parts
    const begunBefore = store.readPinChange(id, card.serial) === 'replacing'
    const to = await workerKeys.for({ purpose: 'hand-over', subject: id, cardSerial: card.serial })
    const body = { cardSerial: card.serial, ...to }
    const { secrets } = await remote.call('startHandOver', { params: { id }, body })
    store.writePinChange(id, card.serial, 'replacing')
    try {
      await cards.replaceTransportPin({ ...card, secrets, newPin })
    } catch (error) {
      if (begunBefore && error instanceof AppError && error.code === 'CARD_PIN_WRONG') {
        log.warn('hand-over.pin-was-replaced', { enrolment: id })
        store.writePinChange(id, card.serial, 'replaced')
        throw new AppError('ENROLMENT_STATE', { reason: 'pin-chosen', pinChanged: true }, { cause: error })
      }
      // The card answered and refused: nothing changed on it, so nothing is in doubt. Only silence leaves a doubt.
      if (!begunBefore && error instanceof AppError && REFUSED.has(error.code))
        store.writePinChange(id, card.serial, null)
      throw error
    }
    store.writePinChange(id, card.serial, 'replaced')
  }
}

const REFUSED: ReadonlySet<string> = new Set([
  'CARD_PIN_WRONG',
  'CARD_PIN_BLOCKED',
  'CARD_PIN_POLICY',
  'CARD_NOT_PRESENT',
  'CARD_CHANGED',
  'SEALED_INVALID',
  'READER_NOT_FOUND',
])
