import { AppError } from '../../../shared/contract/errors.ts'
import type { CardOnReader, ReaderState, ReaderView } from '../../../shared/contract/views.ts'
import { findKind, type CardTable } from '../card-table.ts'
import { inspectCard } from '../piv/inspect.ts'
import { CardChannel } from '../reader/apdu.ts'
import type { ReaderSource, ReaderStatus } from '../reader/reader.ts'
import type { CardClock } from './card-clock.ts'
import type { NamedQueue } from './queue.ts'

/** A busy or failed card is looked at again after this long. */
const RETRY_MS = 400

/** What a card that could not be read is called on screen. */
const STATE_OF_ERROR: Readonly<Partial<Record<string, ReaderState>>> = {
  CARD_BUSY: 'busy',
  CARD_MUTE: 'mute',
  CARD_TIMEOUT: 'mute',
}

export interface ReaderWatchParts {
  source: ReaderSource
  table: CardTable
  queue: NamedQueue
  clock: CardClock
  inspectDeadlineMs: number
}
interface Watched {
  status: ReaderStatus
  view: ReaderView
}

/**
 * Keeps a view of every reader, reads each card once when it comes, and tells every change. Calls that changed a card
 * patch its view instead of reading it all again.
 */
export class ReaderWatch {
  readonly #source: ReaderSource
  readonly #table: CardTable
  readonly #queue: NamedQueue
  readonly #clock: CardClock
  readonly #inspectDeadlineMs: number
  readonly #listeners = new Set<(readers: ReaderView[]) => void>()
  readonly #readers = new Map<string, Watched>()
  readonly #unsubscribe: () => void
  readonly #timers = new Set<NodeJS.Timeout>()
  #serviceDown = false

  constructor(parts: ReaderWatchParts) {
    this.#source = parts.source
    this.#table = parts.table
    this.#queue = parts.queue
    this.#clock = parts.clock
    this.#inspectDeadlineMs = parts.inspectDeadlineMs
    this.#unsubscribe = parts.source.onChange(() => this.#sync())
    this.#sync()
  }

  views(): ReaderView[] {
    return [...this.#readers.values()].map(({ view }) => view)
  }

  /** READER_NOT_FOUND, or READER_SERVICE_DOWN while there is no card service. */
  view(reader: string): ReaderView {
    const watched = this.#readers.get(reader)
    if (watched !== undefined) return watched.view
    throw new AppError(this.#source.serviceDown() ? 'READER_SERVICE_DOWN' : 'READER_NOT_FOUND', { reader })
  }

  onReaders(listener: (readers: ReaderView[]) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Reads the card again; the view tells how it went, so this rejects only for a reader that is not there. */
  async inspect(reader: string): Promise<ReaderView> {
    this.view(reader)
    await this.#inspect(reader)
    return this.view(reader)
  }

  /** Changes what is known of the card in a reader, without touching the card. */
  patch(reader: string, change: (card: CardOnReader) => Partial<CardOnReader>): void {
    const watched = this.#readers.get(reader)
    if (watched === undefined || watched.view.card === null) return
    const card = { ...watched.view.card, ...change(watched.view.card) }
    const blank = card.blank && card.certificates.length === 0
    this.#show(watched, { card: { ...card, blank }, state: blank ? 'blank' : 'ready' })
  }

  close(): void {
    this.#unsubscribe()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#listeners.clear()
  }

  #sync(): void {
    const now = this.#source.list()
    const names = new Set(now.map(({ name }) => name))
    let changed = this.#serviceDown !== this.#source.serviceDown()
    this.#serviceDown = this.#source.serviceDown()
    for (const name of this.#readers.keys()) if (!names.has(name)) changed = this.#readers.delete(name) || changed
    for (const status of now) changed = this.#take(status) || changed
    if (changed) this.#tell()
  }

  /** True when the view changed. A new card is shown as being read and then read. */
  #take(status: ReaderStatus): boolean {
    const known = this.#readers.get(status.name)
    const sameCard = known?.status.insertion === status.insertion && known.status.present === status.present
    if (known !== undefined && sameCard && known.status.busy === status.busy && known.status.mute === status.mute) {
      known.status = status
      return false
    }
    const state: ReaderState = !status.present ? 'empty' : status.mute ? 'mute' : 'reading'
    const keepCard = sameCard && known !== undefined && known.view.card !== null
    if (keepCard && !status.mute) {
      known.status = status
      return false
    }
    this.#readers.set(status.name, {
      status,
      view: {
        name: status.name,
        virtual: status.virtual,
        state,
        atr: status.atr === null ? null : hex(status.atr),
        card: null,
        busyWith: null,
        changedAt: Date.now(),
      },
    })
    if (state === 'reading') void this.#inspect(status.name)
    return true
  }

  async #inspect(reader: string): Promise<void> {
    const watched = this.#readers.get(reader)
    if (watched === undefined || !watched.status.present) return
    const result = await this.#read(reader)
    // The card may have gone, or another come, while this one was read.
    if (this.#readers.get(reader)?.status.insertion !== watched.status.insertion) return
    const current = this.#readers.get(reader) ?? watched
    if (!(result instanceof AppError)) {
      this.#show(current, { card: result, state: result.blank ? 'blank' : 'ready' })
      return
    }
    if (['CARD_REMOVED', 'CARD_NOT_PRESENT', 'READER_NOT_FOUND', 'READER_SERVICE_DOWN'].includes(result.code)) return
    const state = STATE_OF_ERROR[result.code] ?? 'unknown'
    this.#show(current, { card: null, state })
    // Where we still stand in line for the card, it is read as soon as it is ours.
    if (state === 'busy' && result.detail['inLine'] !== true) this.#later(reader)
  }

  /**
   * The card, or why not. Two silences are told apart: a card that is ours and does not answer (CARD_MUTE), and a card
   * that another program keeps to itself (CARD_BUSY). The latter is waited for on, in the one transaction already asked
   * for: asking again and again would only lengthen the line.
   */
  #read(reader: string): Promise<CardOnReader | AppError> {
    return this.#queue.run(reader, async () => {
      const deadline = Promise.withResolvers<AppError>()
      let ours = false
      let inLine = false
      const timer = setTimeout(() => {
        inLine = !ours
        deadline.resolve(ours ? new AppError('CARD_MUTE', { reader }) : new AppError('CARD_BUSY', { reader, inLine }))
      }, this.#inspectDeadlineMs)
      this.#timers.add(timer)
      const reading = this.#source.transaction(reader, 'leave', async (transmit, { atr }) => {
        ours = true
        if (inLine) throw new AppError('CARD_BUSY', { reader })
        this.#noteAtr(reader, atr)
        const kind = findKind(this.#table, atr)
        return inspectCard(new CardChannel(this.#clock.timed(transmit), { extended: kind.extendedLength }), kind)
      })
      try {
        return await Promise.race([reading, deadline.promise])
      } catch (error) {
        if (error instanceof AppError) return error
        return new AppError('CARD_COMMAND_FAILED', { reader }, { cause: error })
      } finally {
        clearTimeout(timer)
        this.#timers.delete(timer)
        if (inLine) this.#afterWaiting(reader, reading)
      }
    })
  }

  /** Once the line has moved, or broken up, the card is looked at anew. */
  #afterWaiting(reader: string, reading: Promise<unknown>): void {
    const again = () => void this.#inspect(reader)
    reading.then(again, again)
  }

  /** Shown with the next change of the view, whether the card turns out to be known or not. */
  #noteAtr(reader: string, atr: Uint8Array | null): void {
    const watched = this.#readers.get(reader)
    if (watched !== undefined && atr !== null) watched.view = { ...watched.view, atr: hex(atr) }
  }

  #later(reader: string): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#inspect(reader)
    }, RETRY_MS)
    this.#timers.add(timer)
  }

  #show(watched: Watched, change: Partial<ReaderView>): void {
    const before = JSON.stringify({ ...watched.view, changedAt: 0 })
    const view = { ...watched.view, ...change }
    if (JSON.stringify({ ...view, changedAt: 0 }) === before) return
    watched.view = { ...view, changedAt: Date.now() }
    this.#tell()
  }

  #tell(): void {
    const views = this.views()
    for (const listener of this.#listeners) listener(views)
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
