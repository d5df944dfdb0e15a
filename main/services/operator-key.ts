import {
  AppError,
  type CardCertificate,
  type KeyPath,
  type ReaderView,
  type Sealed,
  type Slot,
} from '../../shared/contract/index.ts'
import {
  keyAlgorithmOf,
  parseCertificate,
  signData,
  signatureAlgorithmFor,
  type ExternalSigner,
} from '../../shared/pki/index.ts'
import { cardOf } from './card-in-reader.ts'
import type { CardPort } from './ports.ts'

/** Where the operator's key is and how it is reached, for as long as a session lasts. */
export interface OperatorCard {
  reader: string
  via: KeyPath
  /** Null where the card tells none. */
  serial: string | null
}

/** The certificate in a slot of the card in a reader. Throws what `cardOf` throws and CERTIFICATE_NOT_FOUND. */
export function certificateIn(view: ReaderView, slot: Slot): CardCertificate {
  const found = cardOf(view).certificates.find((certificate) => certificate.slot === slot)
  if (found === undefined) throw new AppError('CERTIFICATE_NOT_FOUND', { slot })
  return found
}

/**
 * Signs `content` as CAdES B-B (ETSI EN 319 122-1) with a key of the operator's card. The certificate is read before the
 * PIN is used, and the card must sign with that one: a card swapped in between costs CARD_CHANGED. The PIN stays sealed.
 */
export async function signWithOperatorCard(
  cards: CardPort,
  card: OperatorCard,
  request: { slot: Slot; pin: Sealed; content: Uint8Array; detached: boolean; time: Date },
): Promise<Uint8Array> {
  const view = await cards.inspect(card.reader)
  if (card.serial !== null && view.card !== null && view.card.serial !== card.serial) throw new AppError('CARD_CHANGED')
  const certificate = new Uint8Array(Buffer.from(certificateIn(view, request.slot).der, 'base64'))
  const keyAlgorithm = keyAlgorithmOf(parseCertificate(certificate).key)
  if (keyAlgorithm === null) throw new AppError('CARD_UNSUPPORTED', { slot: request.slot })
  const signer: ExternalSigner = {
    algorithm: signatureAlgorithmFor(keyAlgorithm),
    sign: async (data) => {
      const { reader, via } = card
      const made = await cards.sign({ reader, via, slot: request.slot, pin: request.pin, data })
      if (Buffer.compare(made.certificate, certificate) !== 0) throw new AppError('CARD_CHANGED')
      return made.signature
    },
  }
  const { content, detached, time } = request
  return signData({
    content,
    detached,
    signer,
    certificate,
    signingTime: time,
    ...(detached && { mimeType: 'application/json' }),
  })
}
