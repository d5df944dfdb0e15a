import { AppError, type EnrolmentView, type Sealed } from '../../shared/contract/index.ts'
import { readWorkableCard } from './card-in-reader.ts'
import type { CardPort, DeskStore, Log, Remote } from './ports.ts'

/**
 * The holder chooses a PIN and takes the card. Order, and what is true if the desk dies after each:
 * 1. store: `replacing`. The transport PIN may or may not still be on the card.
 * 2. card: transport PIN → the holder's PIN; store: `replaced`. The holder's PIN is on the card, the server does not know.
 * 3. server: handed over; the store forgets.
 * Called again after 2 it does not touch the card: only 3 is left, the PIN chosen first stays, and the one typed again is
 * not used (nobody here knows the first one, which changing it would need; the holder may change it as its owner).
 * Called again after 1 it tries the transport PIN once: a card that refuses it had it replaced already. That costs one
 * PIN try, which the holder's next right PIN gives back.
 */
export class HandOverService {
  readonly #parts: { cards: CardPort; remote: Remote; store: DeskStore; log: Log }
  constructor(parts: { cards: CardPort; remote: Remote; store: DeskStore; log: Log }) {
    this.#parts = parts
  }

  /** Where the card has its new PIN and the server was not told, the error says `pinChanged: true`: call again to finish. */
  async handOver({ id, reader, newPin }: { id: string; reader: string; newPin: Sealed }): Promise<EnrolmentView> {
    const { cards, remote, store } = this.#parts
    const { cardSerial, state } = await remote.call('readEnrolment', { params: { id } })
    if (cardSerial === null || (state !== 'issued' && state !== 'handed-over'))
      throw new AppError('ENROLMENT_STATE', { state })
    if (state === 'issued') {
      await readWorkableCard(cards, reader, cardSerial)
      if (store.readPinChange(id, cardSerial) !== 'replaced')
        await this.#replace(id, { reader, serial: cardSerial }, newPin)
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
    const { cards, remote, store, log } = this.#parts
    const begunBefore = store.readPinChange(id, card.serial) === 'replacing'
    const body = { cardSerial: card.serial, workerKey: await cards.sealKey() }
    const { secrets } = await remote.call('startHandOver', { params: { id }, body })
    store.writePinChange(id, card.serial, 'replacing')
    try {
      await cards.replaceTransportPin({ ...card, secrets, newPin })
    } catch (error) {
      const wasReplaced = begunBefore && error instanceof AppError && error.code === 'CARD_PIN_WRONG'
      if (!wasReplaced) {
        // The card answered and refused: nothing changed on it, so nothing is in doubt. Only silence leaves a doubt.
        if (!begunBefore && error instanceof AppError && REFUSED.has(error.code))
          store.writePinChange(id, card.serial, null)
        throw error
      }
      log.warn('hand-over.pin-was-replaced', { enrolment: id })
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
