import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from 'node:crypto'
import { AppError } from '../../../shared/contract/errors.ts'
import type { CardKind } from '../card-table.ts'
import type { CardChannel } from '../reader/apdu.ts'
import { encodeTlv, needTlv, parseTlv } from '../reader/tlv.ts'
import { readMetadata } from './application.ts'
import { expectOk } from './status.ts'
import { MANAGEMENT, MANAGEMENT_ALGORITHMS, MANAGEMENT_REFERENCE, type ManagementAlgorithm } from './words.ts'

/** Algorithm of the card's management key: told by metadata, else the first its kind may have with this key length. */
export async function managementAlgorithm(
  card: CardChannel,
  kind: CardKind,
  keyBytes: number,
): Promise<ManagementAlgorithm> {
  const told = (await readMetadata(card, kind, MANAGEMENT_REFERENCE))?.algorithm
  return told ?? fittingAlgorithm(kind, keyBytes)
}

/** The algorithm a key of this length is set with on this kind of card. CARD_UNSUPPORTED where there is none. */
export function fittingAlgorithm(kind: CardKind, keyBytes: number): ManagementAlgorithm {
  const fitting = kind.managementKey.algorithms.find((name) => MANAGEMENT[name].bytes === keyBytes)
  if (fitting === undefined)
    throw new AppError('CARD_UNSUPPORTED', { reason: 'management-key-length', bytes: keyBytes })
  return fitting
}

/**
 * Mutual authentication with the management key (SP 800-73-4 part 2 §3.2.4, appendix A.2): the card's witness is
 * decrypted for it, our challenge must come back encrypted, so a card that does not know the key is refused too.
 * CARD_MANAGEMENT_KEY_WRONG.
 */
export async function openManagement(
  card: CardChannel,
  algorithm: ManagementAlgorithm,
  key: Uint8Array,
): Promise<void> {
  const { id, block, bytes } = MANAGEMENT[algorithm]
  if (key.length !== bytes) throw new AppError('CARD_MANAGEMENT_KEY_WRONG', { reason: 'length' })
  const exchange = async (tag: number, ...fields: readonly Uint8Array[]): Promise<Uint8Array> => {
    const command = { ins: 0x87, p1: id, p2: MANAGEMENT_REFERENCE, data: encodeTlv(0x7c, ...fields), le: 256 }
    const template = needTlv(parseTlv(expectOk(await card.send(command), 'management-key')), 0x7c)
    return needTlv(parseTlv(template), tag)
  }
  const witness = await exchange(0x80, encodeTlv(0x80))
  if (witness.length !== block) throw new AppError('CARD_COMMAND_FAILED', { reason: 'witness-length' })
  const challenge = randomBytes(block)
  const opened = crypt(algorithm, key, 'decrypt', witness)
  const answer = await exchange(0x82, encodeTlv(0x80, opened), encodeTlv(0x81, challenge))
  const expected = crypt(algorithm, key, 'encrypt', challenge)
  if (answer.length !== block || !timingSafeEqual(answer, expected))
    throw new AppError('CARD_MANAGEMENT_KEY_WRONG', { reason: 'card-not-authentic' })
}

/** The vendor's SET MANAGEMENT KEY, the old one being open. Durable on the card when it returns. */
export async function setManagementKey(
  card: CardChannel,
  algorithm: ManagementAlgorithm,
  key: Uint8Array,
): Promise<void> {
  const { id, bytes } = MANAGEMENT[algorithm]
  const data = Buffer.concat([Uint8Array.of(id, MANAGEMENT_REFERENCE, bytes), key])
  try {
    expectOk(await card.send({ ins: 0xff, p1: 0xff, p2: 0xff, data }), 'other')
  } finally {
    data.fill(0)
  }
}

export const isManagementAlgorithm = (name: string): name is ManagementAlgorithm =>
  (MANAGEMENT_ALGORITHMS as readonly string[]).includes(name)

/** One block or more in ECB, as the protocol asks: each block is random and used once. */
function crypt(
  algorithm: ManagementAlgorithm,
  key: Uint8Array,
  direction: 'encrypt' | 'decrypt',
  bytes: Uint8Array,
): Buffer {
  const { cipher } = MANAGEMENT[algorithm]
  const engine = direction === 'encrypt' ? createCipheriv(cipher, key, null) : createDecipheriv(cipher, key, null)
  engine.setAutoPadding(false)
  return Buffer.concat([engine.update(bytes), engine.final()])
}
