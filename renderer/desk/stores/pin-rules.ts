import { pinWeakness, type PinWeakness } from '../../../shared/contract/pin-policy.ts'
import { PIN_PATTERN } from '../../../shared/contract/sealed.ts'

/** What is wrong with a PIN its owner chose; null when it may be used. Pure: keeps nothing. */
export type PinProblem = 'length' | PinWeakness | 'different'

export function pinProblem(pin: string, again: string): PinProblem | null {
  if (!PIN_PATTERN.test(pin)) return 'length'
  return pinWeakness(pin) ?? (pin === again ? null : 'different')
}

/** Which of the rules hold so far, for the list beside the fields: booleans only, never the digits. */
export const pinRules = (pin: string, again: string) => ({
  length: PIN_PATTERN.test(pin),
  varied: pin.length > 1 && pinWeakness(pin) === null,
  same: pin !== '' && pin === again,
})
export type PinRules = ReturnType<typeof pinRules>
