import type { CardKind } from '../card-table.ts'
import type { CardChannel } from '../reader/apdu.ts'
import { readMetadata } from './application.ts'
import { expectOk, statusError } from './status.ts'
import { PIN_REFERENCE, PUK_REFERENCE } from './words.ts'

/** PIN and PUK (SP 800-73-4 part 2 §3.2.1 to §3.2.3). Every buffer that held a code is wiped before the call returns. */
const CODE_BYTES = 8

function pad(code: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(CODE_BYTES).fill(0xff)
  for (let i = 0; i < code.length && i < CODE_BYTES; i++) bytes[i] = code.charCodeAt(i)
  return bytes
}

async function sendCodes(
  card: CardChannel,
  ins: number,
  reference: number,
  codes: readonly string[],
  about: 'pin' | 'puk',
): Promise<void> {
  const data = new Uint8Array(CODE_BYTES * codes.length)
  codes.forEach((code, i) => {
    const padded = pad(code)
    data.set(padded, i * CODE_BYTES)
    padded.fill(0)
  })
  try {
    expectOk(await card.send({ ins, p1: 0, p2: reference, data }), about)
  } finally {
    data.fill(0)
  }
}

/** VERIFY. CARD_PIN_WRONG with `triesLeft`, CARD_PIN_BLOCKED. */
export const verifyPin = (card: CardChannel, pin: string): Promise<void> =>
  sendCodes(card, 0x20, PIN_REFERENCE, [pin], 'pin')

/** CHANGE REFERENCE DATA of the PIN; costs a try when `pin` is wrong. */
export const changePin = (card: CardChannel, pin: string, newPin: string): Promise<void> =>
  sendCodes(card, 0x24, PIN_REFERENCE, [pin, newPin], 'pin')

/** CHANGE REFERENCE DATA of the PUK. CARD_PUK_WRONG with `triesLeft`, CARD_PUK_BLOCKED. */
export const changePuk = (card: CardChannel, puk: string, newPuk: string): Promise<void> =>
  sendCodes(card, 0x24, PUK_REFERENCE, [puk, newPuk], 'puk')

/** RESET RETRY COUNTER: sets the PIN and its tries, whatever they were; costs a PUK try when `puk` is wrong. */
export const resetRetryCounter = (card: CardChannel, puk: string, newPin: string): Promise<void> =>
  sendCodes(card, 0x2c, PIN_REFERENCE, [puk, newPin], 'puk')

export interface Tries {
  left: number | null
  /** Null where the card does not tell. */
  max: number | null
}

/** PIN tries left, without spending one: by metadata, else by a VERIFY with no PIN. Call before any PIN is verified. */
export async function readPinTries(card: CardChannel, kind: CardKind): Promise<Tries> {
  const metadata = await readMetadata(card, kind, PIN_REFERENCE)
  if (metadata?.tries != null) return metadata.tries
  const { sw } = await card.send({ ins: 0x20, p1: 0, p2: PIN_REFERENCE })
  if ((sw & 0xfff0) === 0x63c0) return { left: sw & 0x0f, max: null }
  return { left: statusError(sw, 'pin')?.code === 'CARD_PIN_BLOCKED' ? 0 : null, max: null }
}

/** PUK tries left, where this kind of card tells. */
export async function readPukTries(card: CardChannel, kind: CardKind): Promise<Tries> {
  return (await readMetadata(card, kind, PUK_REFERENCE))?.tries ?? { left: null, max: null }
}

/** The vendor's SET PIN RETRIES; needs the management key open and the PIN verified, and puts back the maker's PIN and PUK. */
export async function setRetries(card: CardChannel, pin: number, puk: number): Promise<void> {
  expectOk(await card.send({ ins: 0xfa, p1: pin, p2: puk }), 'other')
}
