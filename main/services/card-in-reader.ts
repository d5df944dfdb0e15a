import { AppError, type CardOnReader, type ReaderView } from '../../shared/contract/index.ts'
import type { CardAddress, CardPort } from './ports.ts'

/** A card that can be worked on: present, answering, with a serial to hold every later call against. */
export interface WorkableCard extends CardAddress {
  atr: string
  card: CardOnReader
}

/**
 * Reads the card in `reader`. Throws READER_NOT_FOUND and the CARD_* code for the state it is in; CARD_UNSUPPORTED where
 * the card tells no serial (nothing could later prove that it is the same one); CARD_MISMATCH where `serial` is another.
 */
export async function readWorkableCard(cards: CardPort, reader: string, serial: string | null): Promise<WorkableCard> {
  const view = await cards.inspect(reader)
  const card = cardOf(view)
  if (card.serial === null) throw new AppError('CARD_UNSUPPORTED', { reason: 'no-serial' })
  if (serial !== null && card.serial !== serial)
    throw new AppError('CARD_MISMATCH', { expected: serial, found: card.serial })
  return { reader, serial: card.serial, atr: view.atr ?? '', card }
}

export function cardOf(view: ReaderView): CardOnReader {
  if (view.card !== null) return view.card
  switch (view.state) {
    case 'unknown':
      throw new AppError('CARD_UNKNOWN', { atr: view.atr })
    case 'mute':
      throw new AppError('CARD_MUTE')
    case 'busy':
      throw new AppError('CARD_BUSY', { program: view.busyWith })
    default:
      throw new AppError('CARD_NOT_PRESENT', { reader: view.name })
  }
}
