import type { CardKeyAlgorithm, Slot } from '../../shared/contract/words.ts'
import { findKind, type CardTable } from './card-table.ts'
import { ensureManagementKey, ensurePinAndPuk, openWithKey } from './piv/personalise.ts'
import { generateKey, signWithSlot } from './piv/keys.ts'
import { identify } from './piv/inspect.ts'
import { verifyPin } from './piv/codes.ts'
import { writeCertificate, writeChuid } from './piv/objects.ts'
import { CardChannel } from './reader/apdu.ts'

/** A card this process holds itself, with no reader, worker or sealed secret between: what the launcher makes demo cards with. */
export interface DirectCard {
  readonly atr: Uint8Array
  transmit(command: Uint8Array): Promise<Uint8Array>
  reset(): void
}

export interface OpenDirectCard {
  /** The maker's serial. */
  serial: string
  generateKey(slot: Slot, algorithm: CardKeyAlgorithm): Promise<Uint8Array>
  /** Signs `data` under the PIN, hashing by the algorithm; ECDSA as DER. */
  sign(slot: Slot, algorithm: CardKeyAlgorithm, data: Uint8Array): Promise<Uint8Array>
  writeCertificate(slot: Slot, der: Uint8Array): Promise<void>
}

export interface DirectSecrets {
  pin: string
  puk: string
  managementKey: Uint8Array
}

/** Opens a card already personalised with these secrets. */
export async function openDirectCard(
  card: DirectCard,
  table: CardTable,
  secrets: DirectSecrets,
): Promise<OpenDirectCard> {
  const kind = findKind(table, card.atr)
  const channel = new CardChannel((command) => card.transmit(command), { extended: kind.extendedLength })
  const serial = (await identify(channel, kind)) ?? ''
  const fresh = async (): Promise<void> => {
    card.reset()
    await identify(channel, kind)
  }
  const opened = async (): Promise<void> => {
    await fresh()
    await openWithKey(channel, kind, secrets.managementKey)
  }
  return {
    serial,
    generateKey: async (slot, algorithm) => {
      await opened()
      return generateKey(channel, slot, algorithm)
    },
    sign: async (slot, algorithm, data) => {
      await fresh()
      await verifyPin(channel, secrets.pin)
      return signWithSlot(channel, slot, algorithm, data)
    },
    writeCertificate: async (slot, der) => {
      await opened()
      await writeCertificate(channel, slot, der)
    },
  }
}

/** Sets management key, PIN, PUK and CHUID on a card from the factory (or again on one that has them) and opens it. */
export async function personaliseDirect(
  card: DirectCard,
  table: CardTable,
  secrets: DirectSecrets,
  chuid: { guid: string; expiresOn: string },
): Promise<OpenDirectCard> {
  const kind = findKind(table, card.atr)
  const channel = new CardChannel((command) => card.transmit(command), { extended: kind.extendedLength })
  card.reset()
  await identify(channel, kind)
  await ensureManagementKey(channel, kind, secrets.managementKey)
  await ensurePinAndPuk(channel, kind, secrets)
  await openWithKey(channel, kind, secrets.managementKey)
  await writeChuid(channel, chuid)
  card.reset()
  return openDirectCard(card, table, secrets)
}
