import type { CardView, ReaderView } from '../../../shared/contract/views.ts'
import { isPinBlocked, isPukBlocked } from './reader-facts.ts'

export type CardAction = 'check' | 'change' | 'unblock'
/** Why an action is not possible now; each has a sentence. */
export type Obstacle =
  | 'no-pin'
  | 'pin-blocked'
  | 'puk-blocked'
  | 'unknown-card'
  | 'no-holder'
  | 'terminated'
  | 'not-permitted'

/** The actions on the card in the reader, each possible (`why` null) or with what stands in its way. */
export function cardActions(
  reader: ReaderView,
  known: CardView | null,
  mayUnblock: boolean,
): { action: CardAction; why: Obstacle | null }[] {
  const own: Obstacle | null = reader.state === 'blank' ? 'no-pin' : isPinBlocked(reader) ? 'pin-blocked' : null
  return [
    { action: 'check', why: own },
    { action: 'change', why: own },
    { action: 'unblock', why: unblockObstacle(reader, known, mayUnblock) },
  ]
}

/** What stands between this card and a new PIN through its PUK; null when it can be done. */
export function unblockObstacle(reader: ReaderView, known: CardView | null, may: boolean): Obstacle | null {
  if (!may) return 'not-permitted'
  if (reader.state === 'blank') return 'no-pin'
  if (known === null) return 'unknown-card'
  if (known.holder === null) return 'no-holder'
  if (known.state === 'terminated') return 'terminated'
  return isPukBlocked(reader) ? 'puk-blocked' : null
}
