import { randomBytes, timingSafeEqual } from 'node:crypto'
import { AppError, type ErrorCode } from '../../../shared/contract/errors.ts'
import type { CardKind } from '../card-table.ts'
import type { CardChannel } from '../reader/apdu.ts'
import { readMetadata, selectPiv } from './application.ts'
import { changePin, changePuk, readPinTries, readPukTries, resetRetryCounter, setRetries, verifyPin } from './codes.ts'
import { generateKey } from './keys.ts'
import { fittingAlgorithm, managementAlgorithm, openManagement, setManagementKey } from './management-key.ts'
import { eraseCertificate, putObject } from './objects.ts'
import { statusError } from './status.ts'
import {
  CHUID_OBJECT,
  DEFAULT_PIN,
  DEFAULT_PUK,
  defaultManagementKey,
  MANAGEMENT_REFERENCE,
  PIN_REFERENCE,
  PUK_REFERENCE,
  SLOTS,
} from './words.ts'

/**
 * Steps of personalising, each of which gives the same card whatever was done before it: a step cut off anywhere
 * (pulled card, killed worker) is simply run again. PIV must be selected.
 */

/** Opens the card with the key wanted. CARD_MANAGEMENT_KEY_WRONG. */
export async function openWithKey(card: CardChannel, kind: CardKind, key: Uint8Array): Promise<void> {
  await openManagement(card, await managementAlgorithm(card, kind, key.length), key)
}

/**
 * Makes `key` the management key: opens with it, else with the maker's and then sets it. One card write, so the card
 * has the one or the other at any moment. CARD_MANAGEMENT_KEY_WRONG when it has neither, CARD_UNSUPPORTED when the
 * kind has no command for it.
 */
export async function ensureManagementKey(card: CardChannel, kind: CardKind, key: Uint8Array): Promise<void> {
  const metadata = await readMetadata(card, kind, MANAGEMENT_REFERENCE)
  if (metadata?.factory !== true && (await opens(card, kind, key))) return
  const algorithm = metadata?.algorithm ?? kind.managementKey.algorithms[0] ?? '3des'
  await openManagement(card, algorithm, defaultManagementKey(algorithm))
  const wanted = fittingAlgorithm(kind, key.length)
  if (sameBytes(key, defaultManagementKey(wanted)) && wanted === algorithm) return
  if (!kind.vendor.setManagementKey) throw new AppError('CARD_UNSUPPORTED', { reason: 'set-management-key' })
  await setManagementKey(card, wanted, key)
}

async function opens(card: CardChannel, kind: CardKind, key: Uint8Array): Promise<boolean> {
  try {
    await openWithKey(card, kind, key)
    return true
  } catch (error) {
    if (error instanceof AppError && error.code === 'CARD_MANAGEMENT_KEY_WRONG') return false
    throw error
  }
}

/**
 * Makes these the PIN and the PUK. The PUK first: with it RESET RETRY COUNTER sets the PIN whatever it was, so no PIN
 * try is ever spent. A PUK try is spent only where the card does not tell whether its PUK is still the maker's; the
 * one wanted is tried first and the last try is never touched. CARD_PUK_WRONG, CARD_PUK_BLOCKED.
 */
export async function ensurePinAndPuk(
  card: CardChannel,
  kind: CardKind,
  codes: { pin: string; puk: string },
): Promise<void> {
  const factory = (await readMetadata(card, kind, PUK_REFERENCE))?.factory ?? null
  if (factory === true) await changePuk(card, DEFAULT_PUK, codes.puk)
  if (factory !== null) return resetRetryCounter(card, codes.puk, codes.pin)
  const failed = await attempt(() => resetRetryCounter(card, codes.puk, codes.pin))
  if (failed === null) return
  if (failed.code !== 'CARD_PUK_WRONG' || Number(failed.detail['triesLeft'] ?? 0) < 2) throw failed
  await changePuk(card, DEFAULT_PUK, codes.puk)
  await resetRetryCounter(card, codes.puk, codes.pin)
}

/**
 * Sets how many tries PIN and PUK have, where the kind can and the card has others. It puts the maker's PIN and PUK
 * back, so it must come before `ensurePinAndPuk`; the management key must be open and `puk` the card's or the maker's.
 */
export async function ensureTries(
  card: CardChannel,
  kind: CardKind,
  wanted: { pin: number; puk: number },
  codes: { pin: string; puk: string },
): Promise<void> {
  if (!kind.vendor.setRetries) return
  const [pin, puk] = [await readPinTries(card, kind), await readPukTries(card, kind)]
  if (pin.max === wanted.pin && puk.max === wanted.puk) return
  await ensurePinAndPuk(card, kind, codes)
  await verifyPin(card, codes.pin)
  await setRetries(card, wanted.pin, wanted.puk)
}

/**
 * The holder's own PIN in place of the transport PIN. Repeated after it was done it finds the new PIN in place: the
 * change costs a try then, and the check that follows gives it back.
 */
export async function replacePin(card: CardChannel, transportPin: string, newPin: string): Promise<void> {
  const failed = await attempt(() => changePin(card, transportPin, newPin))
  if (failed === null) return
  if (failed.code !== 'CARD_PIN_WRONG' || Number(failed.detail['triesLeft'] ?? 0) < 2) throw failed
  await verifyPin(card, newPin)
}

/**
 * Makes the card blank again: the maker's codes and key, no object, no key of ours. A card with the vendor's RESET has
 * PIN and PUK blocked on purpose first (the command asks for it); any other is overwritten piece by piece.
 */
export async function wipeCard(
  card: CardChannel,
  kind: CardKind,
  secrets: { managementKey: Uint8Array; pin?: string; puk?: string },
): Promise<void> {
  if (kind.vendor.reset) return factoryReset(card)
  if (!(await opens(card, kind, secrets.managementKey))) {
    const [algorithm = '3des'] = kind.managementKey.algorithms
    await openManagement(card, algorithm, defaultManagementKey(algorithm))
  }
  for (const slot of SLOTS) {
    // A key cannot be erased: another one, that nobody has a certificate for, takes its place.
    if (await isKeyThere(card, kind, slot)) await generateKey(card, slot, 'ecdsa-p256')
    await eraseCertificate(card, slot)
  }
  await putObject(card, CHUID_OBJECT, new Uint8Array(0))
  if (secrets.puk !== undefined) {
    const { puk } = secrets
    const failed = await attempt(() => changePuk(card, puk, DEFAULT_PUK))
    if (failed !== null && failed.code !== 'CARD_PUK_WRONG') throw failed
    await resetRetryCounter(card, DEFAULT_PUK, DEFAULT_PIN)
  }
  if (!kind.vendor.setManagementKey) return
  const [algorithm = '3des'] = kind.managementKey.algorithms
  await setManagementKey(card, algorithm, defaultManagementKey(algorithm))
}

async function isKeyThere(card: CardChannel, kind: CardKind, slot: (typeof SLOTS)[number]): Promise<boolean> {
  if (!kind.vendor.metadata) return true
  const { sw } = await card.send({ ins: 0xf7, p1: 0, p2: Number.parseInt(slot, 16), le: 256 })
  return sw === 0x9000
}

const MOST_TRIES = 255

async function factoryReset(card: CardChannel): Promise<void> {
  await block(card, 0x20, 8, 'CARD_PIN_BLOCKED')
  await block(card, 0x2c, 16, 'CARD_PUK_BLOCKED')
  const { sw } = await card.send({ ins: 0xfb, p1: 0, p2: 0 })
  const failed = statusError(sw, 'other')
  if (failed !== null) throw failed
  await selectPiv(card)
}

/** Random digits until the card says blocked; digits, because a card may refuse other codes without counting a try. */
async function block(card: CardChannel, ins: number, bytes: number, blocked: ErrorCode): Promise<void> {
  for (let i = 0; i < MOST_TRIES; i++) {
    const data = Uint8Array.from(randomBytes(bytes), (byte) => 0x30 + (byte % 10))
    const { sw } = await card.send({ ins, p1: 0, p2: PIN_REFERENCE, data })
    const failed = statusError(sw, blocked === 'CARD_PIN_BLOCKED' ? 'pin' : 'puk')
    if (failed?.code === blocked) return
  }
  throw new AppError('CARD_COMMAND_FAILED', { reason: 'cannot-block' })
}

async function attempt(step: () => Promise<void>): Promise<AppError | null> {
  try {
    await step()
    return null
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)
