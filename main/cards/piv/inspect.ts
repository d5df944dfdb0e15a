import { AppError } from '../../../shared/contract/errors.ts'
import type { CardCertificate, CardOnReader } from '../../../shared/contract/views.ts'
import type { Slot } from '../../../shared/contract/words.ts'
import type { CardKind } from '../card-table.ts'
import type { CardChannel } from '../reader/apdu.ts'
import { readMakerSerial, readMetadata, selectPiv } from './application.ts'
import { readPinTries, readPukTries } from './codes.ts'
import { parseX509 } from './keys.ts'
import { readCertificate, readChuid } from './objects.ts'
import { MANAGEMENT_REFERENCE, SLOTS } from './words.ts'

/** Selects the application and tells which card this is: the maker's serial, else the CHUID's GUID, else null. */
export async function identify(card: CardChannel, kind: CardKind): Promise<string | null> {
  await selectPiv(card)
  const serial = await readMakerSerial(card, kind)
  if (serial !== null) return serial
  return (await readChuid(card))?.guid.toUpperCase() ?? null
}

/** Reads all a card tells without any PIN. CARD_UNKNOWN where it has no PIV application. Spends no try. */
export async function inspectCard(card: CardChannel, kind: CardKind): Promise<CardOnReader> {
  await selectPiv(card)
  const makerSerial = await readMakerSerial(card, kind)
  const pin = await readPinTries(card, kind)
  const puk = await readPukTries(card, kind)
  const chuid = await readChuid(card)
  const slots: (CardCertificate | 'unreadable' | null)[] = []
  for (const slot of SLOTS) slots.push(await readSlot(card, slot))
  const managementKey = await readMetadata(card, kind, MANAGEMENT_REFERENCE)
  return {
    serial: makerSerial ?? chuid?.guid.toUpperCase() ?? null,
    guid: chuid?.guid ?? null,
    expiresOn: chuid?.expiresOn ?? null,
    kind: kind.name,
    pinTries: pin.left,
    pinTriesMax: pin.max,
    pukTries: puk.left,
    pukTriesMax: puk.max,
    certificates: slots.filter((slot) => typeof slot === 'object' && slot !== null),
    blank: slots.every((slot) => slot === null) && (managementKey?.factory ?? chuid === null),
  }
}

/** What a slot's certificate object holds: one that we cannot read does not make the whole card unreadable. */
async function readSlot(card: CardChannel, slot: Slot): Promise<CardCertificate | 'unreadable' | null> {
  try {
    const der = await readCertificate(card, slot)
    return der === null ? null : describeCertificate(slot, der)
  } catch (error) {
    if (error instanceof AppError && error.code === 'CARD_UNSUPPORTED') return 'unreadable'
    throw error
  }
}

/** A certificate as the screen shows it. */
export function describeCertificate(slot: Slot, der: Uint8Array): CardCertificate {
  const certificate = parseX509(der)
  const lines = certificate.subject.split('\n')
  const commonName = lines.find((line) => line.startsWith('CN='))?.slice(3) ?? null
  return {
    slot,
    der: Buffer.from(der).toString('base64'),
    subject: oneLine(certificate.subject),
    commonName: commonName?.slice(0, 200) ?? null,
    issuer: oneLine(certificate.issuer),
    serial: certificate.serialNumber.toLowerCase().slice(0, 64),
    notBefore: Math.max(0, certificate.validFromDate.getTime()),
    notAfter: Math.max(0, certificate.validToDate.getTime()),
  }
}

/** Most specific attribute first, as RFC 4514 writes names. */
const oneLine = (name: string): string => name.split('\n').reverse().join(', ').slice(0, 500)
