import { AppError } from '../../../shared/contract/errors.ts'
import type { CardKind } from '../card-table.ts'
import type { CardChannel } from '../reader/apdu.ts'
import { findTlv, needTlv, parseTlv } from '../reader/tlv.ts'
import { getObject } from './objects.ts'
import { expectOk } from './status.ts'
import { DISCOVERY_OBJECT, MANAGEMENT, MANAGEMENT_ALGORITHMS, PIV_AID, type ManagementAlgorithm } from './words.ts'

/** Selects the PIV application (SP 800-73-4 part 2 §3.1.1). CARD_UNKNOWN where the card has none. */
export async function selectPiv(card: CardChannel): Promise<void> {
  const answer = await card.send({ ins: 0xa4, p1: 4, p2: 0, data: PIV_AID, le: 256 })
  if (answer.sw === 0x6a82 || answer.sw === 0x6d00 || answer.sw === 0x6e00 || answer.sw === 0x6a81)
    throw new AppError('CARD_UNKNOWN', { sw: answer.sw.toString(16) })
  const properties = parseTlv(expectOk(answer, 'other'))
  needTlv(properties, 0x61)
}

export interface Discovery {
  /** The PIV card's own PIN may be used. */
  applicationPin: boolean
  globalPin: boolean
  /** The global PIN is the one to ask for first. */
  globalPreferred: boolean
}

/** Discovery object (part 1 §3.3.2); a card without one has the application PIN alone. */
export async function readDiscovery(card: CardChannel): Promise<Discovery> {
  const value = await getObject(card, DISCOVERY_OBJECT)
  const policy = value === null ? null : findTlv(parseTlv(value), 0x5f2f)
  const [first = 0x40, second = 0] = policy ?? []
  return {
    applicationPin: (first & 0x40) !== 0,
    globalPin: (first & 0x20) !== 0,
    globalPreferred: (first & 0x20) !== 0 && second === 0x20,
  }
}

/** The maker's serial number, decimal as printed; null where this kind of card does not tell. */
export async function readMakerSerial(card: CardChannel, kind: CardKind): Promise<string | null> {
  if (!kind.vendor.serial) return null
  const answer = await card.send({ ins: 0xf8, p1: 0, p2: 0, le: 256 })
  if (answer.sw !== 0x9000 || answer.data.length !== 4) return null
  return String(Buffer.from(answer.data).readUInt32BE()).padStart(2, '0')
}

/** What the vendor's GET METADATA tells of a code or of the management key. */
export interface Metadata {
  algorithm: ManagementAlgorithm | null
  /** Still the maker's value; null where not told. */
  factory: boolean | null
  tries: { left: number; max: number } | null
}

/** GET METADATA of one reference; null where this kind of card does not have it. */
export async function readMetadata(card: CardChannel, kind: CardKind, reference: number): Promise<Metadata | null> {
  if (!kind.vendor.metadata) return null
  const answer = await card.send({ ins: 0xf7, p1: 0, p2: reference, le: 256 })
  if (answer.sw !== 0x9000) return null
  const fields = parseTlv(answer.data)
  const id = findTlv(fields, 0x01)?.[0]
  const factory = findTlv(fields, 0x05)?.[0]
  const [max, left] = findTlv(fields, 0x06) ?? []
  return {
    algorithm: MANAGEMENT_ALGORITHMS.find((name) => MANAGEMENT[name].id === id) ?? null,
    factory: factory === undefined ? null : factory === 1,
    tries: max === undefined || left === undefined ? null : { left, max },
  }
}
