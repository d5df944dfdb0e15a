import { PIN_PATTERN } from '../../../shared/contract/sealed.ts'

/** What is wrong with a PIN its owner chose; null when it may be used. Pure: keeps nothing. */
export type PinProblem = 'length' | 'repeated' | 'sequence' | 'different'

const isRun = (pin: string, step: number): boolean =>
  Array.from(pin).every((digit, i) => i === 0 || Number(digit) - Number(pin[i - 1]) === step)

export function pinProblem(pin: string, again: string): PinProblem | null {
  if (!PIN_PATTERN.test(pin)) return 'length'
  if (/^(.)\1+$/.test(pin)) return 'repeated'
  if (isRun(pin, 1) || isRun(pin, -1)) return 'sequence'
  return pin === again ? null : 'different'
}

/** Which of the rules hold so far, for the list beside the fields: booleans only, never the digits. */
export const pinRules = (pin: string, again: string) => ({
  length: PIN_PATTERN.test(pin),
  varied: pin.length > 1 && !/^(.)\1+$/.test(pin) && !isRun(pin, 1) && !isRun(pin, -1),
  same: pin !== '' && pin === again,
})
export type PinRules = ReturnType<typeof pinRules>
