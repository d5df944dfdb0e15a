import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Slot } from '../../shared/contract/words.ts'
import { signatureAlgorithmFor, signCsr } from '../../shared/pki/index.ts'
import { findKind, readCardTable, type CardKind } from '../cards/card-table.ts'
import {
  ensureManagementKey,
  ensurePinAndPuk,
  generateKey,
  openWithKey,
  selectPiv,
  signWithSlot,
  verifyPin,
  writeCertificate,
  writeChuid,
} from '../cards/piv/index.ts'
import { CardChannel } from '../cards/reader/apdu.ts'
import { ROOT } from './setup.mjs'

/** The virtual card is a fake of the tests; it is loaded by path so that no part of the product depends on it. */
export const CARD_MODULE = join(ROOT, 'test/fakes/card/virtual-card.ts')
interface CardModule {
  openVirtualCard(file: string): { readonly atr: Uint8Array; transmit(command: Uint8Array): Promise<Uint8Array> }
  createCardFile(file: string, options: { label: string; serial: number }): void
}
const loadCards = async (): Promise<CardModule> => (await import(pathToFileURL(CARD_MODULE).href)) as CardModule

const SLOTS = ['9A', '9C'] as const satisfies readonly Slot[]

/** A demonstration operator's card, made over APDUs like any other: its own codes, two keys, and their requests. */
export interface DemoCard {
  requests: { slot: Slot; csr: Uint8Array }[]
  /** Puts the certificates on the card; it is complete then. */
  write(certificates: readonly { slot: Slot; der: Uint8Array }[], expiresOn: string): Promise<void>
}

async function openCard(file: string): Promise<{ card: CardChannel; kind: CardKind }> {
  const virtual = (await loadCards()).openVirtualCard(file)
  const kind = findKind(readCardTable(join(ROOT, 'resources/cards')), virtual.atr)
  return { card: new CardChannel((bytes) => virtual.transmit(bytes)), kind }
}

export async function makeBlankCard(folder: string, id: string, serial: number, label: string): Promise<void> {
  const cards = await loadCards()
  mkdirSync(join(folder, 'cards'), { recursive: true, mode: 0o700 })
  cards.createCardFile(join(folder, 'cards', `${id}.json`), { label, serial })
}

/** Makes a card in `folder/cards/ID.json` with `pin`, a random PUK and management key, and keys in 9A and 9C. */
export async function makeOperatorCard(
  folder: string,
  operator: { key: string; name: string; serial: number; pin: string },
): Promise<DemoCard> {
  await makeBlankCard(folder, operator.key, operator.serial, `${operator.name}'s card`)
  const { card, kind } = await openCard(join(folder, 'cards', `${operator.key}.json`))
  const managementKey = randomBytes(24)
  const puk = String(randomBytes(4).readUInt32BE() % 100_000_000).padStart(8, '0')
  await selectPiv(card)
  await ensureManagementKey(card, kind, managementKey)
  await ensurePinAndPuk(card, kind, { pin: operator.pin, puk })
  const requests: DemoCard['requests'] = []
  for (const slot of SLOTS) {
    await openWithKey(card, kind, managementKey)
    const spki = await generateKey(card, slot, 'ecdsa-p256')
    const sign = async (data: Uint8Array) => {
      // The 9C key wants the PIN before every signature (SP 800-73-4 part 1, table 4b).
      await verifyPin(card, operator.pin)
      return signWithSlot(card, slot, 'ecdsa-p256', data)
    }
    requests.push({
      slot,
      csr: await signCsr(
        { subject: [{ type: 'CN', value: operator.name }], spki },
        { algorithm: signatureAlgorithmFor('ecdsa-p256'), sign },
      ),
    })
  }
  return {
    requests,
    async write(certificates, expiresOn) {
      await selectPiv(card)
      await openWithKey(card, kind, managementKey)
      await writeChuid(card, { guid: randomBytes(16).toString('hex'), expiresOn })
      for (const { slot, der } of certificates) await writeCertificate(card, slot, der)
      managementKey.fill(0)
    },
  }
}
