import { gunzipSync } from 'node:zlib'
import { AppError } from '../../../shared/contract/errors.ts'
import type { Slot } from '../../../shared/contract/words.ts'
import type { CardChannel } from '../reader/apdu.ts'
import { encodeTlv, findTlv, needTlv, parseTlv } from '../reader/tlv.ts'
import { expectOk } from './status.ts'
import { CERTIFICATE_OBJECT, CHUID_OBJECT, DISCOVERY_OBJECT } from './words.ts'

const NOTHING = new Uint8Array(0)
/** A certificate inflated beyond this is refused: a card is not to make the desk run out of memory. */
const MAX_CERTIFICATE = 16_384

function objectId(id: number): Uint8Array {
  const bytes = id > 0xffff ? [id >> 16, (id >> 8) & 0xff, id & 0xff] : [id]
  return encodeTlv(0x5c, Uint8Array.from(bytes))
}

/** GET DATA (SP 800-73-4 part 2 §3.1.2); null where the object is absent or empty. */
export async function getObject(card: CardChannel, id: number): Promise<Uint8Array | null> {
  const answer = await card.send({ ins: 0xcb, p1: 0x3f, p2: 0xff, data: objectId(id), le: 256 })
  if (answer.sw === 0x6a82 || answer.sw === 0x6a88) return null
  const fields = parseTlv(expectOk(answer, 'object'))
  const value = needTlv(fields, id === DISCOVERY_OBJECT ? DISCOVERY_OBJECT : 0x53)
  return value.length === 0 ? null : value
}

/** PUT DATA (§3.3.1), the management key being open; no bytes erase the object. */
export async function putObject(card: CardChannel, id: number, value: Uint8Array): Promise<void> {
  const data = Buffer.concat([objectId(id), encodeTlv(0x53, value)])
  expectOk(await card.send({ ins: 0xdb, p1: 0x3f, p2: 0xff, data }), 'object')
}

/** The certificate of a slot as DER, inflated where the card keeps it compressed; null where there is none. */
export async function readCertificate(card: CardChannel, slot: Slot): Promise<Uint8Array | null> {
  const container = await getObject(card, CERTIFICATE_OBJECT[slot])
  if (container === null) return null
  const fields = parseTlv(container)
  const certificate = findTlv(fields, 0x70)
  if (certificate === null || certificate.length === 0) return null
  const info = findTlv(fields, 0x71)?.[0] ?? 0
  if (info === 0) return Uint8Array.from(certificate)
  if (info !== 1) throw new AppError('CARD_UNSUPPORTED', { reason: 'certificate-encoding', slot })
  return inflate(certificate, slot)
}

/** Writes a slot's certificate, uncompressed (part 1 appendix A: 70, 71, FE). Same bytes twice is no harm. */
export async function writeCertificate(card: CardChannel, slot: Slot, der: Uint8Array): Promise<void> {
  const container = [encodeTlv(0x70, der), encodeTlv(0x71, Uint8Array.of(0)), encodeTlv(0xfe)]
  await putObject(card, CERTIFICATE_OBJECT[slot], Buffer.concat(container))
}

export async function eraseCertificate(card: CardChannel, slot: Slot): Promise<void> {
  await putObject(card, CERTIFICATE_OBJECT[slot], NOTHING)
}

export interface Chuid {
  /** Lower-case hex, 16 bytes. */
  guid: string
  /** `YYYY-MM-DD`; null where the card holds no date. */
  expiresOn: string | null
}

/** Card holder unique identifier (part 1 §3.1.2); null where absent or without a GUID. */
export async function readChuid(card: CardChannel): Promise<Chuid | null> {
  const value = await getObject(card, CHUID_OBJECT)
  if (value === null) return null
  const fields = parseTlv(value)
  const guid = findTlv(fields, 0x34)
  if (guid === null || guid.length !== 16) return null
  const date = /^(\d{4})(\d{2})(\d{2})$/.exec(Buffer.from(findTlv(fields, 0x35) ?? NOTHING).toString('latin1'))
  const expiresOn = date === null ? null : `${date[1]}-${date[2]}-${date[3]}`
  return { guid: Buffer.from(guid).toString('hex'), expiresOn: isDate(expiresOn) ? expiresOn : null }
}

/** False for a date that no calendar has, such as 2031-02-30: the card may hold anything. */
function isDate(text: string | null): boolean {
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text
}

/** FASC-N for issuers outside the federal namespace: agency 9999 and so on (part 1 §3.1.2). */
const NON_FEDERAL_FASCN = Buffer.from('d4e739da739ced39ce739d836858210842108421c84210c3eb', 'hex')

/** Writes the CHUID, unsigned: outside the federal scheme the GUID names the card and nothing else hangs on it. */
export async function writeChuid(card: CardChannel, chuid: { guid: string; expiresOn: string }): Promise<void> {
  const fields = [
    encodeTlv(0x30, NON_FEDERAL_FASCN),
    encodeTlv(0x34, Buffer.from(chuid.guid, 'hex')),
    encodeTlv(0x35, Buffer.from(chuid.expiresOn.replaceAll('-', ''), 'latin1')),
    encodeTlv(0x3e),
    encodeTlv(0xfe),
  ]
  await putObject(card, CHUID_OBJECT, Buffer.concat(fields))
}

function inflate(bytes: Uint8Array, slot: Slot): Uint8Array {
  try {
    return Uint8Array.from(gunzipSync(bytes, { maxOutputLength: MAX_CERTIFICATE }))
  } catch (error) {
    throw new AppError('CARD_UNSUPPORTED', { reason: 'certificate-compression', slot }, { cause: error })
  }
}
