import type { Transmit } from './apdu.ts'

/** A reader as the system tells it, without touching the card. */
export interface ReaderStatus {
  readonly name: string
  readonly virtual: boolean
  readonly present: boolean
  /** A card is there and does not answer to reset. */
  readonly mute: boolean
  /** Another program holds the card alone. */
  readonly busy: boolean
  /** Null while no transaction has been opened on this card; always there inside one. */
  readonly atr: Uint8Array | null
  /** Grows with each insertion into this reader: a card with another number is another card. */
  readonly insertion: number
}

/** What is left on the card when a transaction ends: `reset` clears every verified PIN and open key. */
export type TransactionEnd = 'reset' | 'leave'

/**
 * Readers of one kind. Makers: `pcsc/` (the system's readers) and `virtual/` (a folder of cards in this process).
 * The caller queues per reader; a maker only guarantees that other programs are kept out of a transaction.
 */
export interface ReaderSource {
  readonly kind: 'pcsc' | 'virtual'
  list(): readonly ReaderStatus[]
  /** Called after each change of `list()` or `serviceDown()`. */
  onChange(listener: () => void): () => void
  /** True while there is no card service; the source keeps asking for it. */
  serviceDown(): boolean
  /**
   * Runs `use` with the card for itself alone. Rejects READER_SERVICE_DOWN, READER_NOT_FOUND, CARD_NOT_PRESENT,
   * CARD_MUTE, CARD_BUSY; `transmit` rejects CARD_REMOVED once the card was pulled.
   */
  transaction<T>(
    reader: string,
    end: TransactionEnd,
    use: (transmit: Transmit, status: ReaderStatus) => Promise<T>,
  ): Promise<T>
  /** Resets the card. Never fails on an absent card. */
  reset(reader: string): Promise<void>
  close(): Promise<void>
}

/** What only virtual readers can do: cards put in and taken out by the program. */
export interface VirtualCards {
  cards(): { id: string; label: string; serial: string; blank: boolean; inReader: string | null }[]
  insert(reader: string, card: string | null): void
  newCard(): string
}
