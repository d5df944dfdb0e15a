/**
 * Which PINs nobody may choose, though they have the right form: the ones a finder of the card tries first. One rule for
 * the screen, which says so while typing, and for the card worker, which refuses them whatever the screen did. Never
 * asked of a PIN that is already on a card.
 */
export type PinWeakness = 'repeated' | 'sequence'

const isRun = (pin: string, step: number): boolean =>
  Array.from(pin).every((digit, i) => i === 0 || Number(digit) - Number(pin[i - 1]) === step)

/** Why a PIN is too easy to guess; null when it may be chosen. Keeps nothing. */
export function pinWeakness(pin: string): PinWeakness | null {
  if (/^(.)\1+$/.test(pin)) return 'repeated'
  return isRun(pin, 1) || isRun(pin, -1) ? 'sequence' : null
}
