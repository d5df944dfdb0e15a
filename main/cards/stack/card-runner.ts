import { AppError } from '../../../shared/contract/errors.ts'
import type { CardOnReader, ReaderView } from '../../../shared/contract/views.ts'
import type { CardAddress, CardSecrets } from '../../services/ports.ts'
import { findKind, type CardKind, type CardTable } from '../card-table.ts'
import { selectPiv } from '../piv/application.ts'
import { readPinTries, readPukTries } from '../piv/codes.ts'
import { identify } from '../piv/inspect.ts'
import { openWithKey } from '../piv/personalise.ts'
import { CardChannel } from '../reader/apdu.ts'
import type { ReaderSource, TransactionEnd } from '../reader/reader.ts'
import type { CardClock } from './card-clock.ts'
import { tellPulled } from './pulled.ts'
import type { NamedQueue } from './queue.ts'
import type { ReaderWatch } from './reader-watch.ts'
import type { SealedBox } from './sealed-box.ts'

/** A card within one transaction. */
export interface OnCard {
  card: CardChannel
  kind: CardKind
}
export interface CardRunnerParts {
  source: ReaderSource
  table: CardTable
  box: SealedBox
  queue: NamedQueue
  watch: ReaderWatch
  clock: CardClock
}

const CODE_ERRORS = new Set(['CARD_PIN_WRONG', 'CARD_PIN_BLOCKED', 'CARD_PUK_WRONG', 'CARD_PUK_BLOCKED'])

/**
 * The ways a call gets to a card: queued and in one transaction, on the card that was meant, with its management key
 * open, with its tries watched.
 */
export class CardRunner {
  readonly #parts: CardRunnerParts

  constructor(parts: CardRunnerParts) {
    this.#parts = parts
  }

  run<T>(reader: string, end: TransactionEnd, use: (on: OnCard) => Promise<T>): Promise<T> {
    return this.#parts.queue.run(reader, () => this.transact(reader, end, use))
  }

  /** As `run`, for what is in the queue already. */
  transact<T>(reader: string, end: TransactionEnd, use: (on: OnCard) => Promise<T>): Promise<T> {
    const { source, table, clock } = this.#parts
    return tellPulled(source, reader, () =>
      source.transaction(reader, end, (transmit, { atr }) => {
        const kind = findKind(table, atr)
        return use({ card: new CardChannel(clock.timed(transmit), { extended: kind.extendedLength }), kind })
      }),
    )
  }

  /** CARD_CHANGED when the card in the reader is not the one meant: nothing was written on it then. */
  addressed<T>(address: CardAddress, use: (on: OnCard) => Promise<T>, end: TransactionEnd = 'reset'): Promise<T> {
    return this.run(address.reader, end, async (on) => {
      const found = await identify(on.card, on.kind)
      if (found !== address.serial) throw new AppError('CARD_CHANGED', { expected: address.serial, found })
      return use(on)
    })
  }

  /** As `addressed`, the management key of the sealed secrets given to `use` (and open, unless told not). */
  async withKey<T>(
    request: CardAddress & CardSecrets,
    use: (on: OnCard, key: Uint8Array) => Promise<T>,
    open = true,
  ): Promise<T> {
    const { box } = this.#parts
    const { managementKey } = await box.open(request.secrets, 'card-secrets', request.serial, ['managementKey'])
    const key = new Uint8Array(Buffer.from(managementKey, 'hex'))
    try {
      return await this.addressed(request, async (on) => {
        if (open) await openWithKey(on.card, on.kind, key)
        return use(on, key)
      })
    } finally {
      key.fill(0)
    }
  }

  /** Does something with PIN or PUK and gives the reader's view with the tries as they are after it. */
  async withCodes(reader: string, serial: string | null, use: (on: OnCard) => Promise<void>): Promise<ReaderView> {
    await this.watchingTries(reader, () =>
      serial === null
        ? this.run(reader, 'reset', async (on) => {
            await selectPiv(on.card)
            await use(on)
          })
        : this.addressed({ reader, serial }, use),
    )
    await this.readTries(reader)
    return this.#parts.watch.view(reader)
  }

  /** A wrong code costs a try: the view says so as soon as it happened. A right one gives all back. */
  async watchingTries<T>(reader: string, job: () => Promise<T>): Promise<T> {
    try {
      const done = await job()
      this.#parts.watch.patch(reader, (card) => ({ pinTries: card.pinTriesMax ?? card.pinTries }))
      return done
    } catch (error) {
      if (error instanceof AppError && CODE_ERRORS.has(error.code)) {
        const left = error.code.endsWith('BLOCKED') ? 0 : Number(error.detail['triesLeft'] ?? 0)
        this.#parts.watch.patch(reader, (card) => lost(card, error.code, left))
      }
      throw error
    }
  }

  /** Brings the tries of the view up to date. */
  async readTries(reader: string): Promise<void> {
    const [pin, puk] = await this.run(reader, 'leave', async ({ card, kind }) => {
      await selectPiv(card)
      return [await readPinTries(card, kind), await readPukTries(card, kind)] as const
    })
    this.#parts.watch.patch(reader, () => ({
      pinTries: pin.left,
      pinTriesMax: pin.max,
      pukTries: puk.left,
      pukTriesMax: puk.max,
    }))
  }

  /** A module says "wrong PIN" and not how many tries are left: the card is asked. Call it inside the queue. */
  async withTriesLeft(reader: string, error: unknown): Promise<unknown> {
    if (!(error instanceof AppError) || error.code !== 'CARD_PIN_WRONG') return error
    const { left } = await this.transact(reader, 'reset', async ({ card, kind }) => {
      await selectPiv(card)
      return readPinTries(card, kind)
    })
    if (left === null) return error
    if (left === 0) return new AppError('CARD_PIN_BLOCKED', error.detail, { cause: error })
    return new AppError('CARD_PIN_WRONG', { ...error.detail, triesLeft: left }, { cause: error })
  }
}

function lost(card: CardOnReader, code: string, left: number): Partial<CardOnReader> {
  if (code.startsWith('CARD_PIN')) return { pinTries: left }
  return { pukTries: card.pukTriesMax === null ? null : left }
}
